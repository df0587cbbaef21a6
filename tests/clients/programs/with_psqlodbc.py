"""psqlODBC by pyodbc: what Tableau, Excel and Power BI send by ODBC; with autocommit off, a savepoint around every statement,
and cursors declared on the server."""

import os

import pyodbc
from dbapi import Driver, check_all
from probe import ENDLESS, KINDS, ROWS, Probe, equal, stops

probe = Probe()
LIBRARY = "/usr/lib/x86_64-linux-gnu/odbc/psqlodbcw.so"


def connect(**options):
    parts = {"Driver": LIBRARY, "Server": "127.0.0.1", "Port": os.environ["PGPORT"], "Database": "journeydb", "UID": "journeydb", "BoolsAsChar": 0}
    connection = pyodbc.connect(";".join(f"{key}={value}" for key, value in (parts | options).items()))
    connection.setencoding("utf-8")
    return connection


driver = Driver(connect, lambda error: error.args[0], "?")
check_all(probe, driver, without=("types", "tables", "views", "columns", "functions"))


# ODBC has no time zones: instants are those of the session's.
LOCAL = {name: value.replace(tzinfo=None) if name == "instant" else value for name, value in KINDS.items()}


@probe.check("types")
def types():
    cursor = connect().cursor()
    cursor.execute("SELECT * FROM probe.kinds WHERE id = 1")
    equal(dict(zip([column[0] for column in cursor.description], cursor.fetchone())), LOCAL)
    equal(tuple(cursor.execute("SELECT numbers, texts FROM probe.expressions").fetchone()), ("{1,2,NULL}", '{a,"b c"}'))


def rows(cursor, *columns):
    return [tuple(getattr(row, column) for column in columns) for row in cursor.fetchall()]


@probe.check("tables")
def tables():
    cursor = connect().cursor()
    equal(rows(cursor.tables(schema="probe", tableType="TABLE"), "table_name"), [("items",), ("kinds",)])
    equal(rows(cursor.primaryKeys("items", schema="probe"), "column_name"), [])
    equal(rows(cursor.foreignKeys("items", schema="probe"), "fk_name"), [])
    assert len(rows(cursor.statistics("items", schema="probe"), "table_name")) <= 1
    equal(rows(cursor.rowIdColumns("items", schema="probe"), "column_name"), [])


@probe.check("views")
def views():
    equal(rows(connect().cursor().tables(schema="probe", tableType="VIEW"), "table_name"), [("expressions",), ("filled",)])


@probe.check("columns")
def columns():
    cursor = connect().cursor()
    found = rows(cursor.columns("items", schema="probe"), "column_name", "type_name", "column_size", "nullable")
    equal([row[:2] for row in found], [("id", "int8"), ("name", "text"), ("price", "numeric")])
    equal((found[2][2], [row[3] for row in found]), (12, [0, 1, 1]))
    cursor.execute("SELECT id, name, price FROM probe.items")
    equal([column[1].__name__ for column in cursor.description], ["int", "str", "Decimal"])
    assert len(connect().cursor().getTypeInfo().fetchall()) > 10


@probe.check("functions")
def functions():
    names = {row[0] for row in rows(connect().cursor().procedures(schema="journey"), "procedure_name")}
    assert {"velocity", "funnel"} <= names, names


@probe.check("prepared")
def prepared():
    cursor = connect(UseServerSidePrepare=1).cursor()
    for number, name in [(1, "one"), (2, "two"), (3, "three")]:
        equal(tuple(cursor.execute("SELECT name FROM probe.items WHERE id = ?", number).fetchone()), (name,))


@probe.check("cursor")
def cursor():
    cursor = connect(UseDeclareFetch=1, Fetch=1000).cursor()
    cursor.execute(f"SELECT n FROM generate_series(1, {ROWS // 10}) AS a(n)")
    equal(sum(row[0] for row in cursor), (ROWS // 10) * (ROWS // 10 + 1) // 2)


@probe.check("cancel")
def cancel():
    cursor = connect().cursor()
    stops(lambda: cursor.execute(ENDLESS), cursor.cancel, driver.code)


probe.finish()
