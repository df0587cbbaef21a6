"""psycopg2: simple queries, server-side cursors, COPY."""

import io

import psycopg2
from dbapi import Driver, check_all
from probe import ENDLESS, ROWS, Probe, equal, stops

probe = Probe()
driver = Driver(lambda: psycopg2.connect(""), lambda error: error.pgcode)
check_all(probe, driver)


@probe.check("prepared")
def prepared():
    connection = driver.connect()
    driver.ask("PREPARE by_id (bigint) AS SELECT name FROM probe.items WHERE id = $1", connection=connection)
    equal(driver.ask("EXECUTE by_id (3)", connection=connection), [("three",)])
    driver.ask("DEALLOCATE by_id", connection=connection)


@probe.check("cursor")
def cursor():
    with driver.connect() as connection, connection.cursor("on_server") as rows:
        rows.itersize = 1000
        rows.execute(f"SELECT n FROM generate_series(1, {ROWS // 10}) AS a(n)")
        equal(sum(row[0] for row in rows), (ROWS // 10) * (ROWS // 10 + 1) // 2)


@probe.check("copy_out")
def copy_out():
    out = io.StringIO()
    sql = "COPY (SELECT id, name FROM probe.items ORDER BY id) TO STDOUT WITH CSV HEADER"
    driver.connect().cursor().copy_expert(sql, out)
    equal(out.getvalue(), "id,name\n1,one\n2,two\n3,three\n")


@probe.check("copy_in")
def copy_in():
    driver.run("DROP TABLE IF EXISTS probe.copied", "CREATE TABLE probe.copied (id integer, name text)")
    connection = driver.connect()
    connection.cursor().copy_expert("COPY probe.copied FROM STDIN", io.StringIO("1\tone\n2\t\\N\n"))
    connection.commit()
    equal(driver.ask("SELECT id, name FROM probe.copied ORDER BY id"), [(1, "one"), (2, None)])
    driver.run("DROP TABLE probe.copied")


@probe.check("cancel")
def cancel():
    connection = driver.connect()
    stops(lambda: driver.ask(ENDLESS, connection=connection), connection.cancel, driver.code)
    connection.rollback()
    equal(driver.ask("SELECT 1", connection=connection), [(1,)])


probe.finish()
