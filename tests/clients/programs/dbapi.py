"""Checks that are the same for every driver of Python's DB API (PEP 249)."""

from probe import CLOCK, ENDLESS, ITEM_TYPES, ITEMS, KINDS, NUMBERS, ROWS, TEXTS, equal, fails, stops


class Driver:
    """A driver: how it connects, how it finds an error's SQLSTATE, and how its parameters are marked."""

    def __init__(self, connect, code, mark="%s"):
        self.connect, self.code, self.mark = connect, code, mark

    def ask(self, sql, parameters=None, connection=None):
        connection = connection or self.connect()
        cursor = connection.cursor()
        cursor.execute(sql, parameters) if parameters is not None else cursor.execute(sql)
        return [tuple(row) for row in cursor.fetchall()] if cursor.description else cursor.rowcount

    def run(self, *statements):
        """Each statement in turn, committed together."""
        connection = self.connect()
        cursor = connection.cursor()
        for sql in statements:
            cursor.execute(sql)
        connection.commit()
        connection.close()


def check_all(probe, driver, without=()):
    """The capabilities that PEP 249 and plain SQL give every driver, without those that one checks in its own way."""
    ask, mark = driver.ask, driver.mark
    check = lambda capability: (lambda function: function) if capability in without else probe.check(capability)

    @check("connect")
    def connect():
        equal(ask("SELECT 1"), [(1,)])
        assert ask("SELECT version()")[0][0].startswith("PostgreSQL 15.")

    @check("read")
    def read():
        equal(ask("SELECT id, name, price FROM probe.items ORDER BY id"), ITEMS)
        (count,), = ask("SELECT count(*) FROM journey.interactions")
        assert count > 100, count

    @check("types")
    def types():
        connection = driver.connect()
        cursor = connection.cursor()
        cursor.execute("SELECT * FROM probe.kinds WHERE id = 1")
        names = [column[0] for column in cursor.description]
        row = cursor.fetchone()
        got = dict(zip(names, row))
        got["bytes"] = bytes(got["bytes"])
        equal(got, KINDS)
        span, clock, numbers, texts = ask("SELECT span, clock, numbers, texts FROM probe.expressions")[0]
        equal((clock, list(numbers), list(texts)), (CLOCK, NUMBERS, TEXTS))
        # Drivers without months count 30 days for one.
        assert "32 days" in str(span) or "1 month" in str(span) or "1 mons" in str(span), span

    @check("parameters")
    def parameters():
        sql = f"SELECT name FROM probe.items WHERE id = {mark} AND price < {mark} AND name LIKE {mark}"
        equal(ask(sql, (2, ITEMS[2][2], "t%")), [("two",)])
        for name, value in KINDS.items():
            equal(ask(f"SELECT id FROM probe.kinds WHERE {name} = {mark}", (value,)), [(1,)])

    @check("nulls")
    def nulls():
        equal(ask("SELECT * FROM probe.kinds WHERE id = 2"), [(2,) + (None,) * 12])
        sql = f"SELECT coalesce({mark}, 'none'), id FROM probe.kinds WHERE id = {mark}"
        equal(ask(sql, (None, 1)), [("none", 1)])

    @check("tables")
    def tables():
        sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'probe' AND table_type = {} ORDER BY 1"
        equal(ask(sql.format("'BASE TABLE'")), [("items",), ("kinds",)])

    @check("views")
    def views():
        equal(ask("SELECT viewname FROM pg_views WHERE schemaname = 'probe' ORDER BY 1"), [("expressions",), ("filled",)])

    @check("columns")
    def columns():
        sql = """SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
                 WHERE a.attrelid = 'probe.items'::regclass AND a.attnum > 0 ORDER BY a.attnum"""
        equal(ask(sql), ITEM_TYPES)

    @check("functions")
    def functions():
        sql = """SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                 WHERE n.nspname = 'journey' AND p.proname IN ('funnel', 'velocity') GROUP BY 1 ORDER BY 1"""
        equal(ask(sql), [("funnel",), ("velocity",)])

    @check("big_result")
    def big_result():
        connection = driver.connect()
        cursor = connection.cursor()
        cursor.execute(f"SELECT n FROM generate_series(1, {ROWS}) AS a(n)")
        equal(sum(row[0] for row in cursor), ROWS * (ROWS + 1) // 2)

    @check("transaction")
    def transaction():
        connection = driver.connect()
        ask("DELETE FROM probe.items WHERE id = 1", connection=connection)
        ask("INSERT INTO probe.items VALUES (9, 'nine', 9)", connection=connection)
        equal(ask("SELECT id FROM probe.items ORDER BY id", connection=connection), [(2,), (3,), (9,)])
        connection.rollback()
        equal(ask("SELECT id FROM probe.items ORDER BY id"), [(1,), (2,), (3,)])

    @check("savepoint")
    def savepoint():
        connection = driver.connect()
        ask("INSERT INTO probe.items VALUES (9, 'nine', 9)", connection=connection)
        ask("SAVEPOINT here", connection=connection)
        fails("22012", lambda: ask("SELECT 1 / 0", connection=connection), driver.code)
        ask("ROLLBACK TO SAVEPOINT here", connection=connection)
        equal(ask("SELECT count(*) FROM probe.items", connection=connection), [(4,)])
        connection.rollback()

    @check("errors")
    def errors():
        for sql, state in [
            ("SELECT 1 FROM nowhere", "42P01"),
            ("SELECT nothing FROM probe.items", "42703"),
            ("SELEC 1", "42601"),
            ("SELECT 1 / 0", "22012"),
            ("SELECT no_such_function(1)", "42883"),
            ("SELECT 'x'::integer", "22P02"),
        ]:
            fails(state, lambda: ask(sql), driver.code)

    @check("timeout")
    def timeout():
        connection = driver.connect()
        ask("SET statement_timeout = '300ms'", connection=connection)
        stops(lambda: ask(ENDLESS, connection=connection), None, driver.code)

    @check("load")
    def load():
        driver.run("DROP TABLE IF EXISTS probe.loaded", "CREATE TABLE probe.loaded (id integer, name text)")
        connection = driver.connect()
        rows = [(number, f"name {number}") for number in range(100)]
        connection.cursor().executemany(f"INSERT INTO probe.loaded VALUES ({mark}, {mark})", rows)
        connection.commit()
        equal(ask("SELECT id, name FROM probe.loaded ORDER BY id"), rows)
        driver.run("DROP TABLE probe.loaded")

    @check("temp_table")
    def temp_table():
        connection = driver.connect()
        ask("CREATE TEMP TABLE mine (id integer)", connection=connection)
        ask("INSERT INTO mine VALUES (7)", connection=connection)
        equal(ask("SELECT id FROM mine", connection=connection), [(7,)])
        fails("42P01", lambda: ask("SELECT id FROM mine"), driver.code)
