"""Answers the scans of the bench `desk` with DuckDB or Polars, one at a time, whenever it is told to.

In: the engine's name as the only argument; on standard input a line of JSON that says where the files are and what the engine
may take, then the key of a question a line. Out, on standard output, a line of JSON each: first the engine's version, then for
each key the seconds it took, the rows, the sum of their column `n`, and by which way it was answered. It ends with its input.
"""

import datetime
import json
import os
import sys
import time


class DuckDB:
    """Reads the same SQL as the program, over views of the same files."""

    def __init__(self, given):
        import duckdb

        self.version = duckdb.__version__
        self.texts = given["questions"]
        self.connection = duckdb.connect()
        self.connection.execute(f"SET threads = {given['threads']}")
        self.connection.execute(f"SET memory_limit = '{given['memory_mib']}MiB'")
        self.connection.execute(f"SET temp_directory = {quoted(given['temporary'])}")
        for name, files in given["tables"].items():
            listed = ", ".join(map(quoted, files))
            self.connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet([{listed}])")
        columns = "CAST(map AS DATE) AS map, level, code, name, parent_code"
        areas = f"read_csv({quoted(given['area'])}, header = true, all_varchar = true)"
        self.connection.execute(f"CREATE TABLE area AS SELECT {columns} FROM {areas}")

    def answer(self, key):
        begun = time.perf_counter()
        asked = self.connection.execute(self.texts[key])
        rows = asked.fetchall()
        took = time.perf_counter() - begun
        at = [column[0] for column in asked.description].index("n")
        return {"seconds": took, "rows": len(rows), "sum": int(sum(row[at] for row in rows)), "way": "SQL"}


class Polars:
    """Answers by expressions over lazy frames, by its streaming engine or the one in memory, whichever was the faster."""

    def __init__(self, given):
        # Read when the library is loaded.
        os.environ["POLARS_MAX_THREADS"] = str(given["threads"])
        os.environ["POLARS_TEMP_DIR"] = given["temporary"]
        import polars

        self.version = polars.__version__
        frames = {name: polars.scan_parquet(files) for name, files in given["tables"].items()}
        area = polars.read_csv(given["area"], infer_schema=False).with_columns(polars.col("map").str.to_date())
        self.asked = Questions(polars, frames["ledger_recognition"], area.lazy())
        self.ways = {}
        # What does not stream is held whole, and more of these rows than there is room for.
        self.offered = ["streaming"] if given["streaming_only"] else ["streaming", "in-memory"]

    def collect(self, key, way):
        begun = time.perf_counter()
        frame = getattr(self.asked, key)().collect(engine=way)
        took = time.perf_counter() - begun
        return {"seconds": took, "rows": frame.height, "sum": int(frame["n"].sum()), "way": way}

    def answer(self, key):
        if key in self.ways:
            return self.collect(key, self.ways[key])
        # The first time, which does not count, each way is tried twice: only the second finds everything warm.
        tried = [self.collect(key, way) for _ in range(2) for way in self.offered][len(self.offered) :]
        fastest = min(tried, key=lambda answer: answer["seconds"])
        self.ways[key] = fastest["way"]
        return fastest


class Questions:
    """The scans of `questions.toml`, each under its key."""

    def __init__(self, polars, ledger, area):
        self.pl, self.ledger, self.area = polars, ledger, area

    def step(self, step):
        return self.ledger.filter(self.pl.col("step") == step)

    def by_province(self):
        col = self.pl.col
        old = self.area.filter(col("map") == datetime.date(2025, 6, 30))
        district = old.filter(col("level") == "district").select(
            col("code").alias("parent_code"), col("parent_code").alias("province")
        )
        commune = old.filter(col("level") == "commune").select("code", "parent_code")
        place = commune.join(district, on="parent_code", how="left").select(
            "code", self.pl.coalesce("province", "parent_code").alias("province")
        )
        wanted = (col("model") == "learning_family") & (col("area_level") == "commune") & (col("year") <= 2024)
        return (
            self.step("recognised")
            .filter(wanted)
            .join(place, left_on="area_code", right_on="code")
            .group_by("province", "year")
            .agg(self.pl.len().alias("n"))
            .sort("province", "year")
            .with_columns(col("n").cum_sum().over("province").alias("so_far"))
        )

    def subjects(self):
        # Null is no subject, and would be counted as one.
        distinct = self.pl.col("subject_token").drop_nulls().n_unique()
        return self.step("recognised").group_by("model", "year").agg(distinct.alias("n")).sort("model", "year")

    def again(self):
        col = self.pl.col
        family = self.step("recognised").filter(col("model") == "learning_family").select("subject_token", "year")
        later = family.select("subject_token", col("year") - 1)
        held = family.join(later, on=["subject_token", "year"], how="semi")
        return held.group_by("year").agg(self.pl.len().alias("n")).sort("year")

    def decisions(self):
        col = self.pl.col
        return (
            self.step("recognised")
            .filter(col("decision_date").is_not_null())
            .group_by(col("decision_date").str.slice(0, 7).alias("month"), "decision_issuer", "decision_number")
            .agg(self.pl.len().alias("subjects"))
            .group_by("month")
            .agg(self.pl.len().alias("n"), col("subjects").sum())
            .sort("month")
        )

    def growth(self):
        col = self.pl.col
        return (
            self.step("recognised")
            .filter((col("area_level") == "commune") & col("year").is_in([2023, 2024]))
            .group_by("area_code")
            .agg(
                (col("year") == 2024).sum().cast(self.pl.Int64).alias("n"),
                (col("year") == 2023).sum().cast(self.pl.Int64).alias("before"),
            )
            .with_columns((col("n") - col("before")).alias("growth"))
            .sort("growth", "area_code", descending=[True, False])
            .head(20)
        )

    def not_again(self):
        col = self.pl.col
        on = ["model", "subject_token", "year"]
        later = self.step("recognised").select("model", "subject_token", col("year") - 1)
        left = self.step("registered").select(on).join(later, on=on, how="anti")
        return left.group_by("model", "year").agg(self.pl.len().alias("n")).sort("model", "year")

    def commune(self):
        col = self.pl.col
        wanted = (col("area_level") == "commune") & (col("area_code") == "00004") & col("step").is_not_null()
        told = self.ledger.filter(wanted).group_by("year", "model", "step")
        return told.agg(self.pl.len().alias("n")).sort("year", "model", "step")

    def cells(self):
        by = ["area_code", "year", "model"]
        counted = self.step("recognised").group_by(by).agg(self.pl.len().alias("n"))
        return counted.sort("n", *by, descending=[True, False, False, False]).head(100)


ENGINES = {"duckdb": DuckDB, "polars": Polars}


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def say(value):
    print(json.dumps(value), flush=True)


def main():
    engine = ENGINES[sys.argv[1]](json.loads(sys.stdin.readline()))
    say({"version": engine.version})
    for line in sys.stdin:
        say(engine.answer(line.strip()))


if __name__ == "__main__":
    main()
