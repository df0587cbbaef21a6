"""pgcli: its completer reads the whole catalog when it starts; its backslash commands ask in their own way."""

import os

from pgcli.main import PGCli
from pgcli.pgexecute import PGExecute
from pgspecial.main import PGSpecial
from probe import ITEMS, ITEM_TYPES, ROWS, Probe, equal

probe = Probe()


def executor():
    return PGExecute("journeydb", "journeydb", None, "127.0.0.1", int(os.environ["PGPORT"]), "")


def run(*statements):
    """The rows of the last statement or command, and its status."""
    execute, last = executor(), None
    for statement in statements:
        for title, rows, headers, status, _, success, _ in execute.run(statement, PGSpecial(), exception_formatter=str):
            if not success:
                raise AssertionError(f"{statement}: {title or status}")
            last = ([tuple(row) for row in rows] if rows is not None else None, list(headers or []), status)
    return last


@probe.check("connect")
def connect():
    equal(run("SELECT 1")[0], [(1,)])
    assert executor().server_version.startswith("15")
    pgcli = PGCli()
    pgcli.connect(database="journeydb", host="127.0.0.1", port=os.environ["PGPORT"], user="journeydb")
    equal(pgcli.pgexecute.dbname, "journeydb")


@probe.check("read")
def read():
    equal(run("SELECT id, name, price FROM probe.items ORDER BY id")[0], ITEMS)


@probe.check("tables")
def tables():
    execute = executor()
    found = {table for schema, table in execute.tables() if schema == "probe"}
    equal(found, {"items", "kinds"})
    assert {"probe", "journey", "kpi", "public"} <= set(execute.schemata())
    assert "journeydb" in execute.databases()
    assert execute.search_path(), "no search path"
    assert list(execute.foreignkeys()) == []
    list(execute.datatypes())
    list(execute.casing())
    equal(sorted(row[1] for row in run(r"\dt probe.*")[0]), ["items", "kinds"])
    for command in (r"\l", r"\dn", r"\du", r"\dx", r"\db", r"\dp probe.*", r"\ddp", r"\di probe.*", r"\ds probe.*", r"\dm probe.*"):
        run(command)


@probe.check("views")
def views():
    equal(sorted(view for schema, view in executor().views() if schema == "probe"), ["expressions", "filled"])
    equal(sorted(row[1] for row in run(r"\dv probe.*")[0]), ["expressions", "filled"])


@probe.check("columns")
def columns():
    found = [(column[2], column[3]) for column in executor().table_columns() if column[:2] == ("probe", "items")]
    equal(found, [("id", "bigint"), ("name", "text"), ("price", "numeric")])
    assert any(column[:2] == ("probe", "filled") for column in executor().view_columns())
    equal([row[:2] for row in run(r"\d probe.items")[0]], ITEM_TYPES)
    run(r"\d+ probe.kinds")
    run(r"\d+ probe.filled")


@probe.check("functions")
def functions():
    names = {function.func_name for function in executor().functions()}
    assert {"funnel", "velocity"} <= names, "our functions are not completed"
    assert run(r"\df journey.velocity")[0]
    assert "flag IS NOT NULL" in str(executor().view_definition("probe.filled"))
    run(r"\dT")


@probe.check("nulls")
def nulls():
    equal(run("SELECT words FROM probe.kinds WHERE id = 2")[0], [(None,)])


@probe.check("big_result")
def big_result():
    equal(len(run(f"SELECT n FROM generate_series(1, {ROWS // 10}) AS a(n)")[0]), ROWS // 10)


@probe.check("transaction")
def transaction():
    equal(run("BEGIN", "DELETE FROM probe.items", "ROLLBACK", "SELECT count(*) FROM probe.items")[0], [(3,)])


@probe.check("errors")
def errors():
    for sql in ("SELECT 1 FROM nowhere", "SELEC 1"):
        results = list(executor().run(sql, PGSpecial(), exception_formatter=lambda error: error.sqlstate))
        equal(results[0][5], False)


@probe.check("load")
def load():
    rows = ", ".join(f"({n}, 'name {n}')" for n in range(100))
    run("DROP TABLE IF EXISTS probe.loaded", "CREATE TABLE probe.loaded (id int, name text)", f"INSERT INTO probe.loaded VALUES {rows}")
    equal(run("SELECT count(*) FROM probe.loaded")[0], [(100,)])
    run("DROP TABLE probe.loaded")


probe.finish()
