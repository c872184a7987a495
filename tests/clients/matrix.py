"""Each client, without a password and with TLS and SCRAM: connect, browse, query, cancel. Prints one table."""

import argparse
import csv
import io
import json
import os
import shutil
import subprocess
import sys
import threading
import time

ENDLESS = (
    "SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b"
    " WHERE a.value % 7 = b.value % 5"
)
# Every type that a column of ours has, and lists.
TYPES = (
    "SELECT CAST(1 AS SMALLINT) AS i2, CAST(2 AS INT) AS i4, CAST(3 AS BIGINT) AS i8, CAST(1.5 AS DOUBLE) AS f8,"
    " CAST(2.5 AS REAL) AS f4, true AS b, 'Thanh Hoá' AS t, DATE '2024-10-31' AS d,"
    " CAST('2024-10-31T01:02:03.5' AS TIMESTAMP) AS ts, "
    " arrow_cast('2024-10-31T01:02:03.5Z', 'Timestamp(Microsecond, Some(\"UTC\"))') AS tz,"
    " CAST(12.34 AS DECIMAL(10, 2)) AS n, X'00ff' AS y, make_array('a', NULL, 'b c') AS l, make_array(1, 2) AS li,"
    " CAST(NULL AS VARCHAR) AS nothing"
)
STEPS = ("connect", "browse", "query", "cancel")


class Place:
    """Where a program listens, and how one gets in."""

    def __init__(self, path, certificate=None):
        with open(path) as file:
            self.host, self.port = json.load(file)["postgres"].rsplit(":", 1)
        self.certificate = certificate
        self.user = "an" if certificate else "owner"
        self.password = os.environ["LANTOA_CLIENT_PASSWORD"] if certificate else None

    def options(self):
        options = {"host": self.host, "port": self.port, "user": self.user, "dbname": "lantoa"}
        if self.certificate:
            options |= {"password": self.password, "sslmode": "verify-full", "sslrootcert": self.certificate,
                        "channel_binding": "require"}
        return options


def within(seconds, work):
    """How long cancelling took: `work` fails, and not because it was done."""
    begun = time.monotonic()
    try:
        work()
    except Exception as error:
        assert "57014" in (getattr(error, "sqlstate", None) or str(error)) or "cancel" in str(error).lower(), error
        assert time.monotonic() - begun < seconds, f"took {time.monotonic() - begun} s"
        return
    raise AssertionError("it was not cancelled")


class Psql:
    name = "psql"

    def __init__(self, place):
        if not shutil.which("psql"):
            raise FileNotFoundError("psql")
        self.line = " ".join(f"{name}='{value}'" for name, value in place.options().items())

    def run(self, *commands, fails=False):
        arguments = [argument for command in commands for argument in ("-c", command)]
        done = subprocess.run(["psql", "-X", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", self.line, *arguments],
                              capture_output=True, text=True, timeout=120, env=os.environ | {"PAGER": "cat"})
        assert (done.returncode != 0) == fails, done.stderr + done.stdout
        return done.stderr if fails else done.stdout

    def connect(self):
        assert "(1 row)" in self.run("SELECT 1")
        assert "42P01" in self.run("SELECT * FROM indicater", fails=True)

    def browse(self):
        for command, word in [("\\d", "indicator"), ("\\d indicator", "rate_percent"), ("\\d+ indicator", "chỉ tiêu"),
                              ("\\d area", "short_name"), ("\\dt", "ledger_statement"), ("\\dt+", "sổ gốc"), ("\\dv", "trend"),
                              ("\\df", "find_area"), ("\\l", "lantoa"), ("\\dn", "public"), ("\\du", "an" if "'an'" in self.line else "owner"),
                              ("\\conninfo", "lantoa")]:
            assert word in self.run(command), (command, word, self.run(command))

    def query(self):
        assert "Thanh Hoá" in self.run(TYPES)
        copied = self.run("\\copy (SELECT area_name, year FROM indicator) TO STDOUT WITH (FORMAT csv, HEADER)")
        assert len(list(csv.reader(io.StringIO(copied)))) > 10
        assert "2025-07-01" in self.run("SET lantoa.map = '2025-07-01'", "SHOW lantoa.map")

    def cancel(self):
        assert "57014" in self.run("SET statement_timeout = 300", ENDLESS, fails=True)
        asked = subprocess.Popen(["psql", "-X", self.line, "-c", ENDLESS], stderr=subprocess.PIPE, text=True)
        time.sleep(1)
        asked.send_signal(2)
        assert "cancel" in asked.communicate(timeout=10)[1].lower()


class Psycopg:
    name = "psycopg 3"

    def __init__(self, place):
        import psycopg

        self.psycopg, self.options = psycopg, place.options()

    def connect(self):
        with self.psycopg.connect(**self.options) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
            if "sslmode" in self.options:
                assert connection.pgconn.ssl_in_use
        with self.psycopg.connect(**self.options) as connection:
            assert connection.execute("SELECT %s", ["lại"]).fetchone() == ("lại",)

    def browse(self):
        with self.psycopg.connect(**self.options) as connection:
            found = connection.execute(
                "SELECT obj_description(c.oid, 'pg_class') FROM pg_class c WHERE relname = %s", ["indicator"])
            assert "chỉ tiêu" in found.fetchone()[0]
            assert connection.execute("SELECT table_name FROM information_schema.tables").fetchall()

    def query(self):
        with self.psycopg.connect(**self.options) as connection:
            answers = [connection.cursor(binary=binary).execute(TYPES).fetchone() for binary in (False, True)]
            assert answers[0] == answers[1], answers
            assert answers[0][6] == "Thanh Hoá" and answers[0][12] == ["a", None, "b c"], answers[0]
            for value in (7, 2**40, 1.5, "x", True, None):
                assert connection.execute("SELECT %s", [value]).fetchone() == (value,), value
            many = connection.execute("SELECT count(*) FROM area WHERE level = ANY(%s)", [["province", "nation"]])
            assert many.fetchone()[0] > 60
            connection.execute("PREPARE of_level (text) AS SELECT count(*) FROM area WHERE level = $1")
            assert connection.execute("EXECUTE of_level('province')").fetchone()[0] > 60
            connection.execute("DEALLOCATE of_level")
            for _ in range(7):  # Prepared from the fifth on.
                connection.execute("SELECT count(*) FROM statement WHERE source = %s", ["ha-giang-2024"])
            with connection.cursor(name="những dòng") as cursor:
                cursor.itersize = 500
                assert sum(1 for _ in cursor.execute("SELECT code FROM area")) > 10_000
            with connection.cursor().copy("COPY (SELECT code, name FROM area) TO STDOUT (FORMAT binary)") as copy:
                copy.set_types(["text", "text"])
                assert sum(1 for _ in copy.rows()) > 10_000
            connection.commit()
            with connection.transaction():
                connection.execute("SET LOCAL lantoa.map = '2025-07-01'")
            assert connection.execute("SHOW lantoa.map").fetchone() == ("as_reported",)

    def cancel(self):
        with self.psycopg.connect(**self.options, autocommit=True) as connection:
            threading.Timer(0.5, connection.cancel).start()
            within(2, lambda: connection.execute(ENDLESS))
            connection.execute("SET statement_timeout = '300ms'")
            within(2, lambda: connection.execute(ENDLESS))
            assert connection.execute("SELECT 1").fetchone() == (1,)


class Sqlalchemy:
    name = "SQLAlchemy, pandas"

    def __init__(self, place):
        import pandas
        import sqlalchemy

        self.pandas, self.sqlalchemy = pandas, sqlalchemy
        options = place.options()
        url = sqlalchemy.URL.create("postgresql+psycopg", options.pop("user"), options.pop("password", None),
                                    options.pop("host"), int(options.pop("port")), options.pop("dbname"))
        self.engine = sqlalchemy.create_engine(url, connect_args=options)

    def connect(self):
        for _ in range(2):
            with self.engine.connect() as connection:
                assert connection.execute(self.sqlalchemy.text("SELECT 1")).scalar() == 1
            self.engine.dispose()

    def browse(self):
        inspector = self.sqlalchemy.inspect(self.engine)
        assert "ledger_statement" in inspector.get_table_names() and "indicator" in inspector.get_view_names()
        columns = {column["name"]: column for column in inspector.get_columns("indicator")}
        assert "chỉ tiêu" in columns["indicator"]["comment"], columns["indicator"]
        assert inspector.get_pk_constraint("area")["constrained_columns"] == []
        assert inspector.get_foreign_keys("area") == [] and inspector.get_indexes("area") == []
        assert "chỉ tiêu" in inspector.get_table_comment("indicator")["text"]
        table = self.sqlalchemy.Table("area", self.sqlalchemy.MetaData(), autoload_with=self.engine)
        assert "code" in table.columns

    def query(self):
        frame = self.pandas.read_sql("SELECT area_name, year, rate_percent FROM indicator", self.engine)
        assert len(frame) > 10 and frame["year"].dtype.kind == "i" and frame["rate_percent"].dtype.kind == "f"
        assert len(self.pandas.read_sql_table("pilot", self.engine).columns) > 5
        chunks = self.pandas.read_sql(
            "SELECT code FROM area", self.engine.execution_options(stream_results=True), chunksize=1000)
        assert sum(len(chunk) for chunk in chunks) > 10_000
        with self.engine.connect() as connection, connection.begin_nested():
            asked = self.sqlalchemy.text("SELECT count(*) FROM area WHERE level = :level")
            assert connection.execute(asked, {"level": "province"}).scalar() > 60

    def cancel(self):
        with self.engine.connect() as connection:
            driver = connection.connection.driver_connection
            threading.Timer(0.5, driver.cancel).start()
            within(2, lambda: connection.execute(self.sqlalchemy.text(ENDLESS)))


class Pgjdbc:
    name = "pgjdbc"

    def __init__(self, place, java):
        if not java:
            raise FileNotFoundError("javac, mvn or the driver")
        self.java = java
        url = f"jdbc:postgresql://{place.host}:{place.port}/lantoa"
        if place.certificate:
            url += f"?sslmode=verify-full&sslrootcert={place.certificate}&channelBinding=require"
        self.environment = os.environ | {
            "LANTOA_URL": url, "LANTOA_USER": place.user, "LANTOA_CLIENT_PASSWORD": place.password or ""}

    def step(self, step):
        done = subprocess.run(["java", "-Dfile.encoding=UTF-8", "-cp", self.java, "Client", step],
                              env=self.environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr + done.stdout

    def __getattr__(self, name):
        if name not in STEPS:
            raise AttributeError(name)
        return lambda: self.step(name)


def main():
    parser = argparse.ArgumentParser()
    for name in ("--open", "--guarded", "--certificate", "--java"):
        parser.add_argument(name, required=True)
    arguments = parser.parse_args()
    places = [("trust", Place(arguments.open)), ("TLS, SCRAM", Place(arguments.guarded, arguments.certificate))]
    clients = [Psql, Psycopg, Sqlalchemy, lambda place: Pgjdbc(place, arguments.java)]
    names = ["psql", "psycopg 3", "SQLAlchemy, pandas", "pgjdbc"]
    failed, lines = 0, ["| client | connect | browse | query | cancel |", "| --- | --- | --- | --- | --- |"]
    for name, client in zip(names, clients):
        for how, place in places:
            try:
                made = client(place)
            except FileNotFoundError as missing:
                lines.append(f"| {name}, {how} | not run: {missing} is not to be had here | | | |")
                continue
            cells = []
            for step in STEPS:
                try:
                    getattr(made, step)()
                    cells.append("yes")
                except Exception as error:
                    failed += 1
                    cells.append("no")
                    print(f"{name}, {how}: {step}: {type(error).__name__}: {error}", file=sys.stderr)
            lines.append(f"| {name}, {how} | {' | '.join(cells)} |")
    print("\n".join(lines))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
