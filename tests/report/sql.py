"""Holds the figures of a Vietnamese national report against SQL: sql.py REPORT.html MAP.csv...

Every row of SQL has to be a row of a table of models on the map that the file's name ends with, number for number; and the
tables must not have other rows with figures. Exit code 1 where one is missing.
"""

import csv
import datetime
import decimal
import pathlib
import re
import sys

from files import Html


def printed(value, decimals, sign=False):
    """A number as the report prints it; a dash where there is none."""
    if value == "":
        return "–"
    exact = decimal.Decimal(f"{float(value):.15g}")
    rounded = exact.quantize(decimal.Decimal(1).scaleb(-decimals), rounding=decimal.ROUND_HALF_UP)
    whole, _, fraction = f"{abs(rounded):,}".partition(".")
    text = whole.replace(",", ".") + ("," + fraction if fraction else "")
    if rounded < 0:
        return "−" + text
    return "+" + text if sign and rounded > 0 else text


def bare(text):
    """A count without the word for its precision."""
    return re.sub(r"^\D+ (?=\d)", "", text)


def main():
    report, *answers = map(pathlib.Path, sys.argv[1:])
    of_sql = []
    for answer in answers:
        day = datetime.date.fromisoformat(answer.stem[-10:])
        on = f"{day.day:02}/{day.month if day.month > 2 else f'{day.month:02}'}/{day.year}"
        with answer.open(encoding="utf-8") as rows:
            for row in csv.DictReader(rows):
                name = "Cả nước" if row["area_name"] == "Việt Nam" else row["area_name"]
                of_sql.append((
                    name, on, printed(row["numerator"], 0), printed(row["denominator"], 0), printed(row["rate"], 2),
                    printed(row["target_percent"], 2), printed(row["gap_points"], 2, sign=True),
                ))
    of_report = []
    for heads, rows in Html(report).tables():
        if "Được công nhận" not in heads or "Bản đồ" not in heads:
            continue
        for name, on, _, count, of, rate, _, target, _, gap, _ in rows:
            if count != "–" or rate != "–":
                of_report.append((name.removeprefix("– "), on, bare(count), of, rate, target, gap))
    first = {row[1] for row in of_report if row[0] == "Cả nước"}
    # Of the map beside only provinces are told that are not the same on both, and never the nation.
    expected = [row for row in of_sql if row[1] in first]
    missing = [row for row in expected if row not in of_report]
    other = [row for row in of_report if row not in of_sql]
    for row in missing:
        print(f"  {report.name}: SQL has {' | '.join(row)}, the report has not")
    for row in other:
        print(f"  {report.name}: the report has {' | '.join(row)}, SQL has not")
    if not expected:
        print(f"  {report.name}: SQL has no figure at all")
    print(f"{report.name}: {len(of_report)} rows held against {len(of_sql)} of SQL")
    raise SystemExit(bool(missing or other or not expected))


if __name__ == "__main__":
    main()
