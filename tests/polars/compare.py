"""Asks Polars and Lantoa the same of every table: rows, values and sums of every column, and says where they disagree.

In: a data folder, the program. Out: a line a table; exit code 1 on any difference, or where no table was ever compacted.
"""

import argparse
import csv
import io
import math
import pathlib
import subprocess
import time

import polars as pl
from deltalake import DeltaTable


def tables(data):
    """The tables' names and folders."""
    return {log.parent.name: log.parent for log in sorted((data / "tables").glob("*/_delta_log"))}


def compacted(data):
    """Names of tables whose small files have become large ones."""
    return [
        name
        for name, folder in tables(data).items()
        if DeltaTable(folder).transaction_version(f"{name}/compaction") is not None
    ]


def wait_for_compaction(data, seconds=120):
    deadline = time.monotonic() + seconds
    while not compacted(data):
        if time.monotonic() > deadline:
            raise SystemExit(f"no table was compacted within {seconds} s")
        time.sleep(0.2)


def questions(schema):
    """Of each column an expression for Polars and one for Lantoa: how many values, and what they add up to."""
    asked = {"rows": (pl.len(), "count(*)")}
    for name, kind in schema.items():
        asked[f"{name} values"] = (pl.col(name).count(), f'count("{name}")')
        if kind.is_numeric():
            wide = pl.Float64 if kind.is_float() else pl.Int64
            asked[f"{name} sum"] = (pl.col(name).cast(wide).sum(), f'coalesce(sum("{name}"), 0)')
        elif kind == pl.String:
            asked[f"{name} bytes"] = (pl.col(name).str.len_bytes().cast(pl.Int64).sum(), f'coalesce(sum(octet_length("{name}")), 0)')
            asked[f"{name} kinds"] = (pl.col(name).drop_nulls().n_unique(), f'count(DISTINCT "{name}")')
        elif kind == pl.Date:
            days = pl.col(name).cast(pl.Int32).cast(pl.Int64).sum()
            asked[f"{name} days"] = (days, f'coalesce(sum(CAST("{name}" AS INT)), 0)')
        elif isinstance(kind, pl.Datetime):
            micros = pl.col(name).dt.timestamp("us")
            seconds = (micros // 1_000_000).sum()
            asked[f"{name} seconds"] = (seconds, f"coalesce(sum(to_unixtime(date_trunc('second', \"{name}\"))), 0)")
    return asked


def ask_lantoa(program, data, query):
    command = [program, "sql", query, "--data", str(data), "--format", "csv"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{query}: {done.stderr.strip()}")
    return next(csv.DictReader(io.StringIO(done.stdout)))


def compare(program, data, name, folder):
    frame = pl.scan_delta(str(folder))
    asked = questions(frame.collect_schema())
    ours = frame.select(**{key: expression for key, (expression, _) in asked.items()}).collect().row(0, named=True)
    columns = ", ".join(f'{expression} AS "{key}"' for key, (_, expression) in asked.items())
    theirs = ask_lantoa(program, data, f"SELECT {columns} FROM {name}")
    different = [key for key in asked if not math.isclose(float(ours[key]), float(theirs[key]), rel_tol=1e-9)]
    print(f"{name}: {ours['rows']} rows, {len(asked)} figures, {'DIFFERENT' if different else 'same'}")
    for key in different:
        print(f"    {key}: Polars {ours[key]}, Lantoa {theirs[key]}")
    return not different


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lantoa", required=True, help="the program")
    parser.add_argument("--data", required=True, type=pathlib.Path, help="a data folder")
    parser.add_argument("--wait-for-compaction", action="store_true", help="only wait until a table was compacted")
    given = parser.parse_args()

    if given.wait_for_compaction:
        wait_for_compaction(given.data)
        return
    if not compacted(given.data):
        raise SystemExit("no table was compacted: this shows nothing")
    same = [compare(given.lantoa, given.data, name, folder) for name, folder in tables(given.data).items()]
    if not all(same):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
