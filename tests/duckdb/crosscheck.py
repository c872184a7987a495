"""Asks DuckDB and Lantoa the same questions of the same Delta tables, and says where they disagree.

In: a data folder, the program. Out: the first differences of each view under each setting, then `N passed, M failed`;
exit code 1 on any difference. The SQL beside this file states the rules by itself: it shares no code with the program,
only the tables, the area files and the catalogue.
"""

import argparse
import csv
import datetime
import decimal
import io
import json
import math
import pathlib
import subprocess
import sys
import time
import tomllib
import urllib.parse
from collections import Counter

import duckdb

HERE = pathlib.Path(__file__).parent
SHIPPED = HERE.parent.parent / "schemas" / "data"
FAMILIES = ["statement", "recognition", "activity", "reference"]
# In the order in which one rests on the other.
SCRIPTS = [
    "chain", "statement", "activity", "pilot", "counted", "figure", "total", "target", "indicator", "coverage",
    "reconciliation", "suspicious", "trend", "adoption",
]  # fmt: skip
# View, whether it stands on a map, and its columns where not all of DuckDB's are Lantoa's by the same name.
VIEWS = [
    ("statement", False, {"why_not": "CASE WHEN NOT chosen THEN reason END"}),
    ("activity", False, {}),
    ("pilot", False, {}),
    ("counted", False, {}),
    ("suspicious", False, {}),
    ("indicator", True, {}),
    ("coverage", True, {}),
    ("reconciliation", True, {}),
    ("trend", True, {}),
    ("adoption", True, {}),
]
MAPS = [None, "2025-06-30", "2025-07-01"]
TYPES = {
    "string": "VARCHAR", "integer": "INTEGER", "long": "BIGINT", "date": "DATE", "double": "DOUBLE",
    "boolean": "BOOLEAN", "binary": "BLOB", "timestamp": "TIMESTAMPTZ",
}  # fmt: skip


def delta_table(db, folder):
    """Columns and files of a Delta table's newest version, by its log alone."""
    log = folder / "_delta_log"
    columns, files, version = [], {}, -1
    last = log / "_last_checkpoint"
    if last.exists():
        version = json.loads(last.read_text())["version"]
        parquet = [str(path) for path in sorted(log.glob(f"{version:020}.checkpoint*.parquet"))]
        columns = json.loads(db.execute(
            "SELECT metaData.schemaString FROM read_parquet(?) WHERE metaData IS NOT NULL", [parquet]
        ).fetchone()[0])["fields"]
        for (path,) in db.execute("SELECT add.path FROM read_parquet(?) WHERE add IS NOT NULL", [parquet]).fetchall():
            files[path] = True
    for entry in sorted(log.glob("*.json")):
        if not entry.stem.isdigit() or int(entry.stem) <= version:
            continue
        if int(entry.stem) != version + 1:
            raise SystemExit(f"{folder.name}: version {version + 1} of its log is missing")
        version = int(entry.stem)
        for line in entry.read_text().splitlines():
            action = json.loads(line)
            if "metaData" in action:
                columns = json.loads(action["metaData"]["schemaString"])["fields"]
            if "add" in action:
                if action["add"].get("deletionVector") or action["add"].get("partitionValues"):
                    raise SystemExit(f"{folder.name}: deletion vectors and partitions are not read here")
                files[action["add"]["path"]] = True
            if "remove" in action:
                files.pop(action["remove"]["path"], None)
    return columns, [str(folder / urllib.parse.unquote(path)) for path in files]


def load_ledger(db, data, family):
    """A ledger as a table of the same name; instants as microseconds, so that no time zone comes between."""
    name = f"ledger_{family}"
    columns, files = delta_table(db, data / "tables" / name)
    typed = ", ".join(f'"{column["name"]}" {TYPES[column["type"]]}' for column in columns)
    db.execute(f"CREATE TABLE {name}_read ({typed})")
    if files:
        db.execute(f"INSERT INTO {name}_read BY NAME SELECT * FROM read_parquet(?, union_by_name = true)", [files])
    db.execute(f"CREATE TABLE {name} AS SELECT * REPLACE (epoch_us(recorded) AS recorded) FROM {name}_read")


def load_shipped(db):
    """The area files as they are, and the catalogue's entries as tables."""
    for name in ["area", "area_succession", "national_target"]:
        path = str(SHIPPED / f"{name}.csv")
        db.execute(f"CREATE TABLE csv_{name} AS SELECT * FROM read_csv('{path}', all_varchar = true)")
    catalogue = tomllib.loads((SHIPPED / "catalogue.toml").read_text(encoding="utf-8"))

    def table(columns, rows):
        db.execute(f"CREATE TABLE {columns}")
        width = columns.count(",") + 1
        if rows:
            db.executemany(f"INSERT INTO {columns.split()[0]} VALUES ({', '.join('?' * width)})", rows)

    entries = catalogue["indicator"]
    table(
        "indicator_entry (id VARCHAR, measure VARCHAR, stage VARCHAR, counts VARCHAR, unit VARCHAR, additive BOOLEAN,"
        " min_coverage_percent DOUBLE, direction VARCHAR, first_base VARCHAR)",
        [
            (
                e["id"], e["measure"], e.get("stage"), e.get("counts", "numerator"), e.get("unit", "percent"),
                e.get("additive", True), e.get("min_coverage_percent", 80.0), e.get("direction", "higher"),
                next((line["base"] for line in e.get("bases", [])), None),
            )
            for e in entries
        ],
    )  # fmt: skip
    table(
        "base_line (id VARCHAR, place INTEGER, base VARCHAR, scope VARCHAR, measure VARCHAR, indicator VARCHAR)",
        [
            (e["id"], place, line["base"], line.get("scope"), line.get("measure"), line.get("indicator"))
            for e in entries
            for place, line in enumerate(e.get("bases", []))
        ],
    )
    table("base_measure (measure VARCHAR)", [(m["id"],) for m in catalogue["measure"] if m["kind"] == "base"])
    table(
        "measure_scope (measure VARCHAR, place INTEGER, scope VARCHAR)",
        [(m["id"], place, scope) for m in catalogue["measure"] for place, scope in enumerate(m.get("scopes", []))],
    )
    table(
        "answers (measure VARCHAR, actual VARCHAR, target VARCHAR, place INTEGER)",
        [(a["measure"], a["actual"], a["target"], place + 1) for place, a in enumerate(catalogue["answers"])],
    )
    rules = [
        (part, rule["whole"], rule.get("at_most", 1.0)) for rule in catalogue["containment"] for part in rule["parts"]
    ]
    table(
        "containment (place INTEGER, part VARCHAR, whole VARCHAR, at_most DOUBLE)",
        [(place, *rule) for place, rule in enumerate(rules)],
    )
    table(
        "criteria_set (code VARCHAR, measure VARCHAR, begins BIGINT)",
        [
            (s["code"], measure, int(s["effective_from"][:4]))
            for s in catalogue["criteria_set"]
            if "effective_from" in s
            for measure in s.get("measures", [])
        ],
    )


def wait_for(data, wanted, seconds=120):
    """Until the ledgers have the events: what was acknowledged is in the log at once, and in the tables soon after."""
    deadline = time.monotonic() + seconds
    while True:
        db = duckdb.connect()
        for family in FAMILIES:
            load_ledger(db, data, family)
        every = " UNION ALL ".join(f"SELECT event_id FROM ledger_{family}" for family in FAMILIES)
        missing = set(wanted) - {row[0] for row in db.execute(every).fetchall()}
        if not missing:
            return
        if time.monotonic() > deadline:
            raise SystemExit(f"not in the tables after {seconds} s: {', '.join(sorted(missing))}")
        time.sleep(0.2)


def run(db, script):
    db.execute((HERE / f"{script}.sql").read_text(encoding="utf-8"))


def settle(db, setting):
    """Tells DuckDB the settings and lets it work out every view under them."""
    end = None
    if setting["as_of"]:
        # The day ends at midnight in Vietnam, seven hours before it ends in UTC.
        midnight = datetime.datetime.fromisoformat(setting["as_of"]) + datetime.timedelta(days=1, hours=-7)
        end = int(midnight.replace(tzinfo=datetime.UTC).timestamp()) * 1_000_000
    db.execute("CREATE OR REPLACE TABLE setting (as_of BIGINT, stated_by DATE, map DATE, today DATE)")
    db.execute("INSERT INTO setting VALUES (?, ?, ?, ?)", [end, setting["stated_by"], setting["map"], vietnam_today()])
    for script in SCRIPTS:
        try:
            run(db, script)
        except duckdb.Error as error:
            raise SystemExit(f"{script}.sql: {error}") from error


def vietnam_today():
    return (datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=7)).date()


def ask_lantoa(program, data, query, setting):
    command = [program, "sql", query, "--data", str(data), "--format", "csv"]
    for name, value in setting.items():
        if value:
            command += [f"--{name.replace('_', '-')}", value]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{query}: {done.stderr.strip()}")
    return [dict(row) for row in csv.DictReader(io.StringIO(done.stdout))]


def as_lantoa_says(value, sql_type):
    """A CSV cell as the value that DuckDB has; an empty cell is no value."""
    if value == "":
        return None
    if sql_type in ("BIGINT", "INTEGER"):
        return int(value)
    if sql_type == "DOUBLE":
        return float(value)
    if sql_type == "BOOLEAN":
        return {"true": True, "false": False}[value]
    if sql_type == "DATE":
        return datetime.date.fromisoformat(value)
    return value


def differences(ours, theirs, types):
    """Rows of one side only, as multisets; two floats are one where they differ by less than 1e-9."""
    floats = [at for at, sql_type in enumerate(types) if sql_type == "DOUBLE"]

    def rest(row):
        return tuple(cell is None if at in floats else cell for at, cell in enumerate(row))

    only_duckdb, only_lantoa = Counter(ours) - Counter(theirs), Counter(theirs) - Counter(ours)
    candidates = {}
    for row in only_lantoa.elements():
        candidates.setdefault(rest(row), []).append(row)
    unmatched = []
    for row in only_duckdb.elements():
        others = candidates.get(rest(row), [])
        near = next((other for other in others if all(close(row[at], other[at]) for at in floats)), None)
        if near is None:
            unmatched.append(row)
        else:
            others.remove(near)
    return unmatched, [row for rows in candidates.values() for row in rows]


def close(left, right):
    return left is None or math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)


def compare(db, program, data, view, renamed, setting, show):
    described = db.execute(f"DESCRIBE {view}").fetchall()
    names, types = [row[0] for row in described], [row[1] for row in described]
    # Instants are microseconds here and texts there: the program is asked for microseconds too.
    instants = {"recorded", "first_recorded", "last_recorded"}
    asked = [
        f"to_unixtime(date_trunc('second', {name})) * 1000000 + date_part('microsecond', {name}) % 1000000 AS {name}"
        if name in instants
        else f"{renamed.get(name, name)} AS {name}"
        for name in names
    ]
    theirs = ask_lantoa(program, data, f"SELECT {', '.join(asked)} FROM {view}", setting)
    theirs = [tuple(as_lantoa_says(row[name], kind) for name, kind in zip(names, types)) for row in theirs]
    ours = [
        tuple(float(cell) if isinstance(cell, decimal.Decimal) else None if cell == "" else cell for cell in row)
        for row in db.execute(f"SELECT * FROM {view}").fetchall()
    ]
    only_duckdb, only_lantoa = differences(ours, theirs, types)
    said = ", ".join(f"{name} {value}" for name, value in setting.items() if value) or "no setting"
    verdict = "same" if not only_duckdb and not only_lantoa else "DIFFERENT"
    print(f"{view} ({said}): {len(ours)} rows, {verdict}")
    for side, rows in [("only DuckDB", only_duckdb), ("only Lantoa", only_lantoa)]:
        for row in sorted(rows, key=str)[:show]:
            print(f"    {side}: " + ", ".join(f"{name}={cell}" for name, cell in zip(names, row) if cell is not None))
        if len(rows) > show:
            print(f"    {side}: and {len(rows) - show} more")
    return verdict == "same"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lantoa", required=True, help="the program")
    parser.add_argument("--data", required=True, type=pathlib.Path, help="a data folder on which nothing runs")
    parser.add_argument("--show", type=int, default=5, help="differences to print of each side")
    parser.add_argument("--stated-by", nargs="*", default=["2023-12-31", "2024-12-31", "2025-09-30"], metavar="DAY")
    parser.add_argument("--only", nargs="*", metavar="VIEW")
    parser.add_argument("--wait-for", nargs="*", metavar="EVENT", help="only wait until the tables have these events")
    given = parser.parse_args()

    if given.wait_for:
        wait_for(given.data, given.wait_for)
        return
    db = duckdb.connect()
    load_shipped(db)
    for family in FAMILIES:
        load_ledger(db, given.data, family)
    if db.execute("FROM ledger_reference WHERE kind IN ('area_changed', 'catalogue_entered')").fetchone():
        raise SystemExit("the SQL here knows the shipped areas and catalogue only, and events have changed them")
    run(db, "areas")

    today = vietnam_today()
    times = [{}, {"as_of": str(today)}, {"as_of": str(today - datetime.timedelta(days=1))}]
    times += [{"stated_by": day} for day in given.stated_by]
    passed = failed = 0
    for time in times:
        for map_day in MAPS:
            setting = {"map": None, "as_of": None, "stated_by": None} | time | {"map": map_day}
            settle(db, setting)
            for view, on_a_map, renamed in VIEWS:
                if (map_day and not on_a_map) or (given.only and view not in given.only):
                    continue
                if compare(db, given.lantoa, given.data, view, renamed, setting, given.show):
                    passed += 1
                else:
                    failed += 1
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
