"""postgres_fdw: a PostgreSQL 15 reads and writes our tables as foreign ones, by cursors and statements that it prepares."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from probe import ITEMS, KINDS, PORT, Probe, equal

probe = Probe()
BIN = Path("/usr/lib/postgresql/15/bin")


class Local:
    """A cluster of its own in a folder of its own; PostgreSQL does not run as root."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp())
        self.user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() == 0:
            shutil.chown(self.folder, self.user)
        self.tool("initdb", "-D", self.folder / "data", "-U", "local", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        self.tool("pg_ctl", "-D", self.folder / "data", "-w", "-l", self.folder / "log", "-o", f"-k {self.folder} -h '' -c timezone=UTC", "start")

    def tool(self, name, *arguments):
        command = [BIN / name, *map(str, arguments)]
        user = {"user": self.user} if os.geteuid() == 0 else {}
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder, env={"PATH": "/usr/bin:/bin"}, **user)

    def ask(self, *statements):
        """The rows of the last statement, unaligned; an error ends it."""
        arguments = [part for sql in statements for part in ("-c", sql)]
        base = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-P", "null=∅", "-h", str(self.folder), "-U", "local", "postgres"]
        ran = subprocess.run(base + arguments, capture_output=True, text=True, timeout=300, env={"PATH": "/usr/bin:/bin"})
        return (ran.stdout + ran.stderr).splitlines()

    def stop(self):
        self.tool("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "stop")
        shutil.rmtree(self.folder)


local = Local()
try:

    @probe.check("connect")
    def connect():
        equal(local.ask(
            "CREATE EXTENSION postgres_fdw",
            f"CREATE SERVER journeys FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '{PORT}', dbname 'journeydb')",
            "CREATE USER MAPPING FOR local SERVER journeys OPTIONS (user 'journeydb', password_required 'false')",
            "CREATE SCHEMA probe",
            "CREATE FOREIGN TABLE one (n bigint) SERVER journeys OPTIONS (schema_name 'probe', table_name 'items')",
        ), [])

    @probe.check("tables")
    def tables():
        equal(local.ask("IMPORT FOREIGN SCHEMA probe FROM SERVER journeys INTO probe"), [])
        names = local.ask("SELECT relname FROM pg_class WHERE relnamespace = 'probe'::regnamespace ORDER BY 1")
        equal([name for name in names if name in ("items", "kinds")], ["items", "kinds"])

    @probe.check("views")
    def views():
        equal(local.ask("SELECT id, flag FROM probe.filled"), ["1|t"])

    @probe.check("columns")
    def columns():
        sql = "SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute WHERE attrelid = 'probe.items'::regclass AND attnum > 0"
        equal(local.ask(sql), ["id|bigint|t", "name|text|f", "price|numeric(12,2)|f"])

    @probe.check("read")
    def read():
        equal(local.ask("SELECT id, name, price FROM probe.items ORDER BY id"), [f"{a}|{b}|{c}" for a, b, c in ITEMS])
        equal(local.ask("SELECT sum(price), max(name) FROM probe.items WHERE price > 2 AND name LIKE 't%'"), ["6.00|two"])
        equal(local.ask("SELECT a.id FROM probe.items a JOIN probe.kinds b USING (id) ORDER BY 1 LIMIT 1"), ["1"])

    @probe.check("types")
    def types():
        text = [str(value) for value in KINDS.values()]
        text[1], text[9], text[12] = "t", r"\x00ff10", text[12].replace("+00:00", "+00")
        equal(local.ask("SELECT * FROM probe.kinds WHERE id = 1"), ["|".join(text)])
        equal(local.ask("SELECT * FROM probe.expressions"), ["1|1 mon 2 days 03:04:05.5|23:59:59.999999|{1,2,NULL}|{a,\"b c\"}"])

    @probe.check("parameters")
    def parameters():
        equal(local.ask(
            "SET plan_cache_mode = force_generic_plan",
            "PREPARE found (bigint, numeric, timestamptz) AS SELECT i.name FROM probe.items i, probe.kinds k "
            "WHERE i.id = $1 AND i.price < $2 AND k.instant < $3",
            "EXECUTE found (2, 3.5, '2025-01-01')",
        ), ["two"])

    @probe.check("nulls")
    def nulls():
        equal(local.ask("SELECT * FROM probe.kinds WHERE flag IS NULL"), ["2" + "|∅" * 12])

    @probe.check("cursor")
    def cursor():
        equal(local.ask("BEGIN", "DECLARE c CURSOR FOR SELECT id FROM probe.items ORDER BY id", "FETCH 2 FROM c", "COMMIT"), ["1", "2"])

    @probe.check("big_result")
    def big_result():
        table = "CREATE FOREIGN TABLE many (interaction_id text) SERVER journeys OPTIONS (schema_name 'journey', table_name 'interactions')"
        count = int(local.ask(table, "SELECT count(*) FROM (SELECT * FROM many OFFSET 0) AS all_of_them")[0])
        assert count >= 1000, count

    @probe.check("load")
    def load():
        insert = "INSERT INTO probe.items SELECT n, 'item ' || n, n FROM generate_series(100, 199) AS a(n)"
        equal(local.ask(insert, "SELECT count(*), sum(price) FROM probe.items WHERE id >= 100"), ["100|14950.00"])
        equal(local.ask("UPDATE probe.items SET name = 'x' WHERE id = 100", "SELECT name FROM probe.items WHERE id = 100"), ["x"])
        equal(local.ask("DELETE FROM probe.items WHERE id >= 100", "SELECT count(*) FROM probe.items"), ["3"])

    @probe.check("transaction")
    def transaction():
        equal(local.ask("BEGIN", "DELETE FROM probe.items WHERE id = 1", "SELECT count(*) FROM probe.items", "ROLLBACK"), ["2"])
        equal(local.ask("SELECT count(*) FROM probe.items"), ["3"])

    @probe.check("savepoint")
    def savepoint():
        equal(local.ask(
            "BEGIN", "SAVEPOINT a", "DELETE FROM probe.items WHERE id = 1", "ROLLBACK TO a", "SELECT count(*) FROM probe.items", "COMMIT",
        ), ["3"])

    @probe.check("copy_in")
    def copy_in():
        base = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", str(local.folder), "-U", "local", "postgres"]
        copy = [*base, "-c", "COPY probe.items FROM STDIN CSV"]
        ran = subprocess.run(copy, input="50,fifty,5\n", capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"})
        equal(ran.stderr, "")
        equal(local.ask("DELETE FROM probe.items WHERE id = 50", "SELECT count(*) FROM probe.items"), ["3"])

    @probe.check("errors")
    def errors():
        message = local.ask("CREATE FOREIGN TABLE gone (n int) SERVER journeys OPTIONS (schema_name 'probe', table_name 'nowhere')", "SELECT * FROM gone")
        assert 'relation "probe.nowhere" does not exist' in message[0], message

    @probe.check("cancel")
    def cancel():
        endless = "SELECT count(*) FROM many a, many b, many c, many d WHERE length(a.interaction_id || b.interaction_id || c.interaction_id || d.interaction_id) < 3"
        lines = local.ask("SET statement_timeout = '1s'", endless)
        assert "canceling statement due to statement timeout" in "".join(lines), lines
        equal(local.ask("SELECT count(*) FROM probe.items"), ["3"])

finally:
    local.stop()

probe.finish()
