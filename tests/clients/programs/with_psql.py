"""psql: its commands that describe, compared with what they print on PostgreSQL 15, and its own ways to load and stop.

`PGPORT=.. with_psql.py --record > psql_expected.txt` records them anew from a PostgreSQL 15 with the objects of setup.sql, a
role and a database named journeydb, and TimeZone UTC.
"""

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DESCRIBE = r"""
\d+ probe.kinds
\d probe.items
\d probe.filled
\d probe.expressions
\d probe.nothing
\d probe.*
\dt probe.*
\dv probe.*
\dv+ probe.*
\dtv probe.*
\dn+ probe
\dp probe.*
\z probe.items
\di probe.*
\ds probe.*
\dm probe.*
\dD probe.*
\dT probe.*
\df probe.*
\da probe.*
\do probe.*
\dO probe.*
\dc probe.*
\dF probe.*
\dE probe.*
\dP probe.*
\dX probe.*
\dd probe.*
\dconfig TimeZone
\dy
\dRp
\dRs
\drds
\des
\det
\deu
\dew
\ddp
\dl
\dt information_schema.tables
""".split("\n")[1:-1]
PROBES = [r"SELECT id, name, price, now() AS at, ARRAY[1] AS list FROM probe.items \gdesc"]


def psql(*commands, stdin=None, check=True):
    """What psql prints for commands, one after the other."""
    arguments = ["psql", "-X", "-v", "ON_ERROR_STOP=1"]
    for command in commands:
        arguments += ["-c", command]
    ran = subprocess.run(arguments, input=stdin, capture_output=True, text=True, timeout=120)
    if check and ran.returncode != 0:
        raise AssertionError(ran.stderr.strip())
    return ran.stdout + ran.stderr


def sections():
    for command in DESCRIBE:
        yield command, psql(command, check=False)
    for command in PROBES:
        yield command, psql(stdin=command, check=False)


if "--record" in sys.argv:
    for command, printed in sections():
        print(f"## {command}\n{printed.rstrip()}\n")
    sys.exit()

from probe import ENDLESS, ITEMS, KINDS, ROWS, Probe, equal  # noqa: E402

probe = Probe()


def ask(*commands):
    """The rows of the last command, unaligned, by lines."""
    arguments = ["psql", "-X", "-At", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=sqlstate", "-P", "null=∅"]
    for command in commands:
        arguments += ["-c", command]
    ran = subprocess.run(arguments, capture_output=True, text=True, timeout=300)
    return (ran.stdout + ran.stderr).splitlines()


@probe.check("connect")
def connect():
    equal(ask("SELECT 1"), ["1"])
    assert 'database "journeydb" as user "journeydb"' in psql(r"\conninfo")
    for command in [r"\l", r"\l+", r"\du", r"\dg+", r"\db", r"\dx", r"\dL", r"\dC text", r"\dAc", r"\dAo", r"\dAf"]:
        assert "ERROR" not in psql(command), command


@probe.check("read")
def read():
    equal(ask("SELECT id, name, price FROM probe.items ORDER BY id"), [f"{a}|{b}|{c}" for a, b, c in ITEMS])


@probe.check("types")
def types():
    text = [f"{value}" for value in KINDS.values()]
    text[1], text[9], text[12] = "t", r"\x00ff10", text[12].replace("+00:00", "+00")
    equal(ask("SELECT * FROM probe.kinds WHERE id = 1"), ["|".join(text)])
    equal(ask("SELECT * FROM probe.expressions"), ["1|1 mon 2 days 03:04:05.5|23:59:59.999999|{1,2,NULL}|{a,\"b c\"}"])


@probe.check("parameters")
def parameters():
    sql = r"SELECT name FROM probe.items WHERE name = :'wanted'"
    ran = subprocess.run(["psql", "-XAt", "-v", "wanted=two"], input=sql, capture_output=True, text=True)
    equal(ran.stdout, "two\n")


@probe.check("nulls")
def nulls():
    equal(ask("SELECT * FROM probe.kinds WHERE id = 2"), ["2" + "|∅" * 12])


def described(*wanted):
    recorded = (Path(__file__).parent / "psql_expected.txt").read_text()
    expected = dict(section.split("\n", 1) for section in ("\n" + recorded).split("\n## ")[1:])
    for command, printed in sections():
        if any(command.startswith(w) for w in wanted):
            equal(f"{command}\n{printed.strip()}", f"{command}\n{expected[command].strip()}")


@probe.check("columns")
def columns():
    described(r"\d+", r"\d ", "SELECT")


@probe.check("tables")
def tables():
    described(r"\dt", r"\dn", r"\dp", r"\z")


@probe.check("views")
def views():
    described(r"\dv")
    shown = psql(r"\sv probe.filled") + psql(r"\d+ probe.filled")
    assert shown.count("flag IS NOT NULL") == 2, shown


@probe.check("functions")
def functions():
    for command, part in [
        (r"\df journey.funnel", "funnel"),
        (r"\df+ journey.velocity", "started_at timestamp with time zone, ended_at timestamp with time zone"),
        (r"\dfa journey.velocity", "agg"),
        (r"\da journey.velocity", "velocity"),
        (r"\dT int4", "integer"),
        (r"\dfS version", "version"),
    ]:
        printed = psql(command)
        assert part in printed, f"{command}: {printed}"
    described(*(command for command in DESCRIBE if command[:3] not in (r"\d ", r"\d+", r"\dt", r"\dv", r"\dn", r"\dp", r"\z ")))


@probe.check("prepared")
def prepared():
    equal(ask("PREPARE p (int) AS SELECT name FROM probe.items WHERE id = $1", "EXECUTE p (2)")[-1], "two")


@probe.check("cursor")
def cursor():
    script = rf"\set FETCH_COUNT 1000{chr(10)}SELECT n FROM generate_series(1, {ROWS // 10}) AS a(n);"
    ran = subprocess.run(["psql", "-XAt"], input=script, capture_output=True, text=True, timeout=300)
    equal(ran.stderr, "")
    equal(sum(map(int, ran.stdout.split())), (ROWS // 10) * (ROWS // 10 + 1) // 2)


@probe.check("big_result")
def big_result():
    equal(sum(map(int, ask(f"SELECT n FROM generate_series(1, {ROWS}) AS a(n)"))), ROWS * (ROWS + 1) // 2)


@probe.check("transaction")
def transaction():
    lines = ask("BEGIN", "DELETE FROM probe.items WHERE id = 1", "SELECT count(*) FROM probe.items", "ROLLBACK")
    equal(lines, ["BEGIN", "DELETE 1", "2", "ROLLBACK"])
    equal(ask("SELECT count(*) FROM probe.items"), ["3"])


@probe.check("savepoint")
def savepoint():
    script = "\\set ON_ERROR_ROLLBACK on\nBEGIN;\nSELECT 1/0;\nSELECT count(*) FROM probe.items;\nCOMMIT;"
    ran = subprocess.run(["psql", "-XAt"], input=script, capture_output=True, text=True)
    equal(ran.stdout, "BEGIN\n3\nCOMMIT\n")


@probe.check("copy_out")
def copy_out():
    equal(ask(r"\copy (SELECT id, name FROM probe.items ORDER BY id) TO STDOUT CSV HEADER"), ["id,name", "1,one", "2,two", "3,three"])
    equal(ask("COPY probe.items (name) TO STDOUT"), ["one", "two", "three"])


@probe.check("copy_in")
def copy_in():
    ask("DROP TABLE IF EXISTS probe.copied")
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write('id,name\n1,"one, and more"\n2,\n')
        file.flush()
        lines = ask("CREATE TABLE probe.copied (id int, name text)", rf"\copy probe.copied FROM '{file.name}' CSV HEADER")
        equal(lines, ["CREATE TABLE", "COPY 2"])
    equal(ask("SELECT * FROM probe.copied ORDER BY id"), ["1|one, and more", "2|∅"])
    ask("DROP TABLE probe.copied")


@probe.check("errors")
def errors():
    for sql, state in [("SELECT 1 FROM nowhere", "42P01"), ("SELECT x FROM probe.items", "42703"), ("SELEC 1", "42601"), ("SELECT 1/0", "22012")]:
        equal(ask(sql), [f"ERROR:  {state}"])
    sql = "SELECT 1, 2 AS a FROM nowhere"
    _, line, pointer, *_ = psql(sql, check=False).split("\n")
    equal((line, pointer.index("^")), (f"LINE 1: {sql}", line.index("nowhere")))


@probe.check("cancel")
def cancel():
    running = subprocess.Popen(["psql", "-XAt", "-v", "VERBOSITY=sqlstate", "-c", ENDLESS], stderr=subprocess.PIPE, text=True)
    time.sleep(0.7)
    running.send_signal(signal.SIGINT)
    _, error = running.communicate(timeout=15)
    assert "57014" in error, error


@probe.check("timeout")
def timeout():
    equal(ask("SET statement_timeout = '300ms'", ENDLESS), ["SET", "ERROR:  57014"])


@probe.check("load")
def load():
    rows = ", ".join(f"({number}, 'name {number}')" for number in range(1000))
    lines = ask("CREATE TABLE probe.loaded (id int, name text)", f"INSERT INTO probe.loaded VALUES {rows}", "SELECT count(*) FROM probe.loaded")
    equal(lines, ["CREATE TABLE", "INSERT 0 1000", "1000"])
    ask("DROP TABLE probe.loaded")


@probe.check("temp_table")
def temp_table():
    equal(ask("CREATE TEMP TABLE mine (id int)", "INSERT INTO mine VALUES (7)", "SELECT * FROM mine")[-1], "7")
    equal(ask("SELECT * FROM mine"), ["ERROR:  42P01"])


probe.finish()
