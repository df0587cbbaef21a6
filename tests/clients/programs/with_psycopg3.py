"""psycopg 3: extended queries, values in binary, prepared statements, pipelines, COPY."""

import psycopg
from dbapi import Driver, check_all
from probe import CLOCK, ENDLESS, ITEMS, KINDS, NUMBERS, ROWS, TEXTS, Probe, equal, stops

probe = Probe()
driver = Driver(lambda: psycopg.connect(""), lambda error: error.sqlstate)
check_all(probe, driver, without=("types", "savepoint", "load"))


@probe.check("types")
def types_in_binary():
    for binary in (False, True):
        with driver.connect() as connection, connection.cursor(binary=binary) as cursor:
            cursor.execute("SELECT * FROM probe.kinds WHERE id = 1")
            names = [column.name for column in cursor.description]
            equal(dict(zip(names, cursor.fetchone())), KINDS)
            cursor.execute("SELECT clock, numbers, texts FROM probe.expressions")
            equal(cursor.fetchone(), (CLOCK, NUMBERS, TEXTS))


@probe.check("prepared")
def prepared():
    with driver.connect() as connection:
        for number, name, _ in ITEMS:
            row = connection.execute("SELECT name FROM probe.items WHERE id = %s", (number,), prepare=True).fetchone()
            equal(row, (name,))
        sql = "SELECT id FROM probe.items WHERE id = ANY(%s) ORDER BY id"
        equal(connection.execute(sql, ([1, 3, 5],), prepare=True).fetchall(), [(1,), (3,)])


@probe.check("cursor")
def cursor():
    with driver.connect() as connection, connection.cursor("on_server") as rows:
        rows.itersize = 1000
        rows.execute(f"SELECT n FROM generate_series(1, {ROWS // 10}) AS a(n)")
        equal(sum(row[0] for row in rows), (ROWS // 10) * (ROWS // 10 + 1) // 2)


@probe.check("savepoint")
def nested_transactions():
    with driver.connect() as connection, connection.transaction():
        connection.execute("INSERT INTO probe.items VALUES (9, 'nine', 9)")
        try:
            with connection.transaction():
                connection.execute("INSERT INTO probe.items VALUES (10, 'ten', 10)")
                connection.execute("SELECT 1 / 0")
        except psycopg.errors.DivisionByZero:
            pass
        equal(connection.execute("SELECT count(*) FROM probe.items").fetchone(), (4,))
        raise psycopg.Rollback()
    equal(driver.ask("SELECT count(*) FROM probe.items"), [(3,)])


@probe.check("copy_out")
def copy_out():
    sql = "COPY (SELECT id, name, price FROM probe.items ORDER BY id) TO STDOUT"
    with driver.connect() as connection:
        for form in ("", " (FORMAT binary)"):
            with connection.cursor().copy(sql + form) as copy:
                copy.set_types(["int8", "text", "numeric"])
                equal(list(copy.rows()), ITEMS)


@probe.check("copy_in")
def copy_in():
    driver.run("DROP TABLE IF EXISTS probe.copied", "CREATE TABLE probe.copied (id integer, name text)")
    with driver.connect() as connection:
        for form in ("", " (FORMAT binary)"):
            with connection.cursor().copy("COPY probe.copied FROM STDIN" + form) as copy:
                copy.set_types(["int4", "text"])
                copy.write_row((1, "one\ttab"))
                copy.write_row((2, None))
    equal(driver.ask("SELECT id, name FROM probe.copied ORDER BY id"), [(1, "one\ttab")] * 2 + [(2, None)] * 2)
    driver.run("DROP TABLE probe.copied")


@probe.check("load")
def load_in_a_pipeline():
    driver.run("DROP TABLE IF EXISTS probe.loaded", "CREATE TABLE probe.loaded (id integer, name text)")
    rows = [(number, f"name {number}") for number in range(100)]
    with driver.connect() as connection, connection.pipeline():
        connection.cursor().executemany("INSERT INTO probe.loaded VALUES (%s, %s)", rows)
    equal(driver.ask("SELECT id, name FROM probe.loaded ORDER BY id"), rows)
    driver.run("DROP TABLE probe.loaded")


@probe.check("cancel")
def cancel():
    connection = driver.connect()
    stops(lambda: driver.ask(ENDLESS, connection=connection), connection.cancel_safe, driver.code)
    connection.rollback()
    equal(driver.ask("SELECT 1", connection=connection), [(1,)])


probe.finish()
