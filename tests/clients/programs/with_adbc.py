"""ADBC: every query is a COPY to the client in binary, every load one from it; the catalog as Arrow."""

import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa
from probe import ENDLESS, ITEMS, KINDS, NUMBERS, PORT, ROWS, TEXTS, Probe, equal, fails, stops

probe = Probe()


def connect(**options):
    return adbc.connect(f"postgresql://journeydb@127.0.0.1:{PORT}/journeydb", **options)


def ask(sql, parameters=None):
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def code(error):
    return error.sqlstate


@probe.check("connect")
def check_connect():
    equal(ask("SELECT 1::integer"), [(1,)])


@probe.check("read")
def read():
    # Numerics come as text: Arrow wants to know their scale before the first one is seen.
    equal(ask("SELECT id, name, price FROM probe.items ORDER BY id"), [(a, b, str(c)) for a, b, c in ITEMS])


@probe.check("types")
def types():
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM probe.kinds WHERE id = 1")
        table = cursor.fetch_arrow_table()
        types = [str(field.type) for field in table.schema]
        assert "type_name=numeric" in types.pop(7), types
        equal(types, ["int32", "bool", "int16", "int32", "int64", "float", "double", "string", "binary", "date32[day]",
                      "timestamp[us]", "timestamp[us, tz=UTC]"])
        equal(table.to_pylist()[0], KINDS | {"money": str(KINDS["money"])})
        cursor.execute("SELECT numbers, texts FROM probe.expressions")
        equal(cursor.fetchall(), [(NUMBERS, TEXTS)])


@probe.check("parameters")
def parameters():
    equal(ask("SELECT name FROM probe.items WHERE id = $1 AND name LIKE $2", (2, "t%")), [("two",)])
    for name in ("flag", "big", "double", "words", "bytes", "day", "instant"):
        equal(ask(f"SELECT id FROM probe.kinds WHERE {name} = $1", (KINDS[name],)), [(1,)])


@probe.check("nulls")
def nulls():
    equal(ask("SELECT * FROM probe.kinds WHERE id = 2"), [(2,) + (None,) * 12])


def objects(depth="all", **filters):
    """The relations of a schema as ADBC describes them: name -> kind and columns."""
    with connect() as connection:
        found = connection.adbc_get_objects(depth=depth, db_schema_filter="probe", **filters).read_all().to_pylist()
    schemas = [schema for catalog in found for schema in catalog["catalog_db_schemas"] or []]
    tables = [table for schema in schemas if schema["db_schema_name"] == "probe" for table in schema["db_schema_tables"]]
    columns = lambda table: [column["column_name"] for column in table["table_columns"] or []]
    return {table["table_name"]: (table["table_type"], columns(table)) for table in tables}


@probe.check("tables")
def tables():
    equal(sorted(name for name, (kind, _) in objects().items() if kind == "table"), ["items", "kinds"])
    with connect() as connection:
        assert "table" in connection.adbc_get_table_types()
        assert connection.adbc_get_info()["vendor_name"] == "PostgreSQL"


@probe.check("views")
def views():
    equal(sorted(name for name, (kind, _) in objects().items() if kind == "view"), ["expressions", "filled"])


@probe.check("columns")
def columns():
    equal(objects(table_name_filter="items")["items"][1], ["id", "name", "price"])
    with connect() as connection:
        schema = connection.adbc_get_table_schema("items", db_schema_filter="probe")
        equal([(field.name, str(field.type)) for field in schema][:2], [("id", "int64"), ("name", "string")])
        assert "type_name=numeric" in str(schema.field("price").type), schema


@probe.check("prepared")
def prepared():
    with connect() as connection, connection.cursor() as cursor:
        equal(str(cursor.adbc_prepare("SELECT id FROM probe.items WHERE id = $1")[0].type), "int64")


@probe.check("big_result")
def big_result():
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT n, n * 0.5::double precision AS half FROM generate_series(1, {ROWS}) AS a(n)")
        total = sum(sum(batch.column("n").to_pylist()) for batch in cursor.fetch_record_batch())
        equal(total, ROWS * (ROWS + 1) // 2)


@probe.check("transaction")
def transaction():
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM probe.items WHERE id = 1")
        connection.rollback()
    equal(ask("SELECT count(*) FROM probe.items"), [(3,)])


@probe.check("copy_out")
def copy_out():
    with connect() as connection, connection.cursor(adbc_stmt_kwargs={"adbc.postgresql.use_copy": "true"}) as cursor:
        cursor.execute("SELECT id, name FROM probe.items ORDER BY id")
        equal(cursor.fetchall(), [(1, "one"), (2, "two"), (3, "three")])


@probe.check("copy_in")
def copy_in():
    table = pa.table({"id": pa.array([1, 2], pa.int32()), "name": ["one", None], "share": [0.5, None]})
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS probe.copied")
        equal(cursor.adbc_ingest("copied", table, mode="create", db_schema_name="probe"), 2)
        equal(cursor.adbc_ingest("copied", table, mode="append", db_schema_name="probe"), 2)
        cursor.execute("SELECT id, name, share FROM probe.copied ORDER BY id")
        equal(cursor.fetchall(), [(1, "one", 0.5)] * 2 + [(2, None, None)] * 2)
        cursor.execute("DROP TABLE probe.copied")
        connection.commit()


@probe.check("errors")
def errors():
    fails("42P01", lambda: ask("SELECT 1 FROM nowhere"), code)
    fails("42601", lambda: ask("SELEC 1"), code)


@probe.check("cancel")
def cancel():
    with connect(autocommit=True) as connection, connection.cursor() as cursor:
        stops(lambda: cursor.execute(ENDLESS).fetchall(), cursor.adbc_cancel, lambda error: code(error) or "57014")


@probe.check("timeout")
def timeout():
    with connect(autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '300ms'")
        stops(lambda: (cursor.execute(ENDLESS), cursor.fetchall()), None, code)


@probe.check("load")
def load():
    table = pa.table({"id": pa.array(range(10_000), pa.int64()), "name": [f"name {n}" for n in range(10_000)]})
    with connect(autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS probe.loaded")
        cursor.adbc_ingest("loaded", table, mode="create", db_schema_name="probe")
    equal(ask("SELECT count(*), sum(id)::bigint FROM probe.loaded"), [(10_000, 49_995_000)])
    with connect(autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE probe.loaded")


@probe.check("temp_table")
def temp_table():
    table = pa.table({"id": [7]})
    with connect() as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("mine", table, mode="create", temporary=True)
        cursor.execute("SELECT id FROM mine")
        equal(cursor.fetchall(), [(7,)])


probe.finish()
