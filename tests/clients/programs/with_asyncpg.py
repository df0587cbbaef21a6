"""asyncpg: everything in binary, statements prepared and kept, pools that reset connections."""

import asyncio
import datetime
import io

import asyncpg
from probe import CLOCK, ENDLESS, ITEM_TYPES, ITEMS, KINDS, NUMBERS, ROWS, TEXTS, Probe, equal

probe = Probe()


def check(capability):
    """Runs a coroutine function with a connection of its own."""

    def decorate(function):
        async def connected():
            connection = await asyncpg.connect()
            try:
                await asyncio.wait_for(function(connection), 120)
            finally:
                connection.terminate()

        probe.check(capability)(lambda: asyncio.run(connected()))

    return decorate


async def state(awaitable):
    """The SQLSTATE that something fails with."""
    try:
        await awaitable
    except asyncpg.PostgresError as error:
        return error.sqlstate
    raise AssertionError("no error")


def rows(records):
    return [tuple(record) for record in records]


@check("connect")
async def connect(connection):
    equal(await connection.fetchval("SELECT 1"), 1)
    async with asyncpg.create_pool(min_size=1, max_size=2) as pool:
        for _ in range(3):  # a connection is reset each time it goes back
            async with pool.acquire() as pooled:
                equal(await pooled.fetchval("SELECT 2"), 2)


@check("read")
async def read(connection):
    equal(rows(await connection.fetch("SELECT id, name, price FROM probe.items ORDER BY id")), ITEMS)


@check("types")
async def types(connection):
    equal(dict(await connection.fetchrow("SELECT * FROM probe.kinds WHERE id = 1")), KINDS)
    record = await connection.fetchrow("SELECT clock, numbers, texts, span FROM probe.expressions")
    span = datetime.timedelta(days=32, hours=3, minutes=4, seconds=5, milliseconds=500)
    equal(tuple(record), (CLOCK, NUMBERS, TEXTS, span))


@check("parameters")
async def parameters(connection):
    sql = "SELECT name FROM probe.items WHERE id = $1 AND price < $2 AND name LIKE $3"
    equal(rows(await connection.fetch(sql, 2, ITEMS[2][2], "t%")), [("two",)])
    for name, value in KINDS.items():
        equal(await connection.fetchval(f"SELECT id FROM probe.kinds WHERE {name} = $1", value), 1)
    equal(rows(await connection.fetch("SELECT id FROM probe.items WHERE id = ANY($1::bigint[]) ORDER BY 1", [1, 3])), [(1,), (3,)])


@check("nulls")
async def nulls(connection):
    equal(tuple(await connection.fetchrow("SELECT * FROM probe.kinds WHERE id = 2")), (2,) + (None,) * 12)
    equal(await connection.fetchval("SELECT coalesce($1, 'none')", None), "none")


@check("tables")
async def tables(connection):
    sql = """SELECT table_name FROM information_schema.tables
             WHERE table_schema = $1 AND table_type = 'BASE TABLE' ORDER BY 1"""
    equal(rows(await connection.fetch(sql, "probe")), [("items",), ("kinds",)])


@check("columns")
async def columns(connection):
    sql = """SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
             WHERE a.attrelid = 'probe.items'::regclass AND a.attnum > 0 ORDER BY a.attnum"""
    equal(rows(await connection.fetch(sql)), ITEM_TYPES)
    prepared = await connection.prepare("SELECT id, name, price FROM probe.items")
    equal([(a.name, a.type.name) for a in prepared.get_attributes()], [("id", "int8"), ("name", "text"), ("price", "numeric")])


@check("views")
async def views(connection):
    sql = "SELECT viewname FROM pg_views WHERE schemaname = $1 ORDER BY 1"
    equal(rows(await connection.fetch(sql, "probe")), [("expressions",), ("filled",)])


@check("functions")
async def functions(connection):
    sql = "SELECT count(*) > 0 FROM pg_proc WHERE proname = $1"
    equal(await connection.fetchval(sql, "funnel"), True)


@check("prepared")
async def prepared(connection):
    statement = await connection.prepare("SELECT name FROM probe.items WHERE id = $1")
    equal([await statement.fetchval(number) for number in (1, 2, 3, 4)], ["one", "two", "three", None])


@check("cursor")
async def cursor(connection):
    total = 0
    async with connection.transaction():
        async for record in connection.cursor(f"SELECT n FROM generate_series(1, {ROWS // 10}) AS a(n)", prefetch=500):
            total += record[0]
    equal(total, (ROWS // 10) * (ROWS // 10 + 1) // 2)


@check("big_result")
async def big_result(connection):
    records = await connection.fetch(f"SELECT n FROM generate_series(1, {ROWS}) AS a(n)")
    equal(sum(record[0] for record in records), ROWS * (ROWS + 1) // 2)


@check("transaction")
async def transaction(connection):
    begun = connection.transaction()
    await begun.start()
    await connection.execute("DELETE FROM probe.items WHERE id = $1", 1)
    equal(await connection.fetchval("SELECT count(*) FROM probe.items"), 2)
    await begun.rollback()
    equal(await connection.fetchval("SELECT count(*) FROM probe.items"), 3)


@check("savepoint")
async def savepoint(connection):
    async with connection.transaction():
        await connection.execute("CREATE TABLE probe.saved (id integer)")
        try:
            async with connection.transaction():
                await connection.execute("SELECT 1 / 0")
        except asyncpg.DivisionByZeroError:
            pass
        equal(await connection.fetchval("SELECT count(*) FROM probe.saved"), 0)
    await connection.execute("DROP TABLE probe.saved")


@check("copy_out")
async def copy_out(connection):
    out = io.BytesIO()
    await connection.copy_from_query("SELECT id, name FROM probe.items ORDER BY id", output=out, format="csv")
    equal(out.getvalue(), b"1,one\n2,two\n3,three\n")


@check("copy_in")
async def copy_in(connection):
    await connection.execute("DROP TABLE IF EXISTS probe.copied")
    await connection.execute("CREATE TABLE probe.copied (id integer, name text)")
    await connection.copy_records_to_table("copied", schema_name="probe", records=[(1, "one"), (2, None)])
    equal(rows(await connection.fetch("SELECT * FROM probe.copied ORDER BY id")), [(1, "one"), (2, None)])
    await connection.execute("DROP TABLE probe.copied")


@check("errors")
async def errors(connection):
    equal(await state(connection.fetch("SELECT 1 FROM nowhere")), "42P01")
    equal(await state(connection.fetch("SELECT nothing FROM probe.items")), "42703")
    equal(await state(connection.fetch("SELEC 1")), "42601")
    equal(await state(connection.fetch("SELECT 1 / $1::integer", 0)), "22012")


@check("cancel")
async def cancel(connection):
    try:
        await connection.fetch(ENDLESS, timeout=0.5)
    except asyncio.TimeoutError:
        equal(await connection.fetchval("SELECT 1", timeout=15), 1)
    else:
        raise AssertionError("it was not cancelled")


@check("timeout")
async def timeout(connection):
    await connection.execute("SET statement_timeout = '300ms'")
    equal(await state(connection.fetch(ENDLESS)), "57014")


@check("load")
async def load(connection):
    await connection.execute("DROP TABLE IF EXISTS probe.loaded")
    await connection.execute("CREATE TABLE probe.loaded (id integer, name text)")
    expected = [(number, f"name {number}") for number in range(100)]
    await connection.executemany("INSERT INTO probe.loaded VALUES ($1, $2)", expected)
    equal(rows(await connection.fetch("SELECT * FROM probe.loaded ORDER BY id")), expected)
    await connection.execute("DROP TABLE probe.loaded")


@check("temp_table")
async def temp_table(connection):
    await connection.execute("CREATE TEMP TABLE mine (id integer)")
    await connection.execute("INSERT INTO mine VALUES (7)")
    equal(await connection.fetchval("SELECT id FROM mine"), 7)


probe.finish()
