"""pg8000: extended queries in text, in pure Python."""

import io

import pg8000.dbapi
from dbapi import Driver, check_all
from probe import PORT, Probe, equal

probe = Probe()
driver = Driver(
    lambda: pg8000.dbapi.connect("journeydb", host="127.0.0.1", port=PORT, database="journeydb"),
    lambda error: error.args[0].get("C") if isinstance(error.args[0], dict) else error,
)
check_all(probe, driver)


@probe.check("prepared")
def prepared():
    connection = driver.connect()
    driver.ask("PREPARE by_id (bigint) AS SELECT name FROM probe.items WHERE id = $1", connection=connection)
    equal(driver.ask("EXECUTE by_id (3)", connection=connection), [("three",)])


@probe.check("copy_out")
def copy_out():
    out = io.BytesIO()
    driver.connect().cursor().execute("COPY (SELECT id, name FROM probe.items ORDER BY id) TO STDOUT", stream=out)
    equal(out.getvalue(), b"1\tone\n2\ttwo\n3\tthree\n")


@probe.check("copy_in")
def copy_in():
    driver.run("DROP TABLE IF EXISTS probe.copied", "CREATE TABLE probe.copied (id integer, name text)")
    connection = driver.connect()
    connection.cursor().execute("COPY probe.copied FROM STDIN", stream=io.BytesIO(b"1\tone\n2\t\\N\n"))
    connection.commit()
    equal(driver.ask("SELECT id, name FROM probe.copied ORDER BY id"), [(1, "one"), (2, None)])
    driver.run("DROP TABLE probe.copied")


probe.finish()
