"""Polars over ConnectorX and ADBC: results in binary, cut into partitions that are read at the same time."""

import connectorx
import polars as pl
from probe import ITEMS, KINDS, PORT, ROWS, Probe, equal

probe = Probe()
URI = f"postgresql://journeydb@127.0.0.1:{PORT}/journeydb"


def ask(sql, **options):
    return pl.read_database_uri(sql, URI, **options)


@probe.check("connect")
def connect():
    equal(ask("SELECT 1::integer AS one").rows(), [(1,)])


@probe.check("read")
def read():
    equal(ask("SELECT id, name, price::double precision AS price FROM probe.items ORDER BY id").rows(),
          [(number, name, float(price)) for number, name, price in ITEMS])
    equal(ask("SELECT id, name FROM probe.items ORDER BY id", engine="adbc").rows(), [(a, b) for a, b, _ in ITEMS])


@probe.check("types")
def types():
    row = ask("SELECT * FROM probe.kinds WHERE id = 1").to_dicts()[0]
    row["money"], row["bytes"] = str(row["money"])[:13], bytes(row["bytes"])
    equal(row | {"instant": None}, KINDS | {"money": str(KINDS["money"]), "instant": None})
    equal(str(row["instant"])[:26], str(KINDS["instant"])[:26])


@probe.check("nulls")
def nulls():
    equal(ask("SELECT * FROM probe.kinds WHERE id = 2").null_count().sum_horizontal().to_list(), [12])


@probe.check("tables")
def tables():
    sql = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'probe' AND table_type = 'BASE TABLE' ORDER BY 1"
    equal(ask(sql).rows(), [("items",), ("kinds",)])


@probe.check("columns")
def columns():
    schema = ask("SELECT id, name, price FROM probe.items").schema
    equal((schema["id"], schema["name"], schema["price"].is_numeric()), (pl.Int64, pl.String, True))


@probe.check("views")
def views():
    equal(ask("SELECT id, flag FROM probe.filled").rows(), [(1, True)])


@probe.check("cursor")
def cursor():
    equal(ask(f"SELECT n FROM generate_series(1, {ROWS // 10}) AS a(n)", protocol="cursor").height, ROWS // 10)


@probe.check("big_result")
def big_result():
    sql = f"SELECT n::bigint AS n, n % 100 AS part FROM generate_series(1, {ROWS}) AS a(n)"
    equal(ask(sql)["n"].sum(), ROWS * (ROWS + 1) // 2)
    cut = ask(sql, partition_on="n", partition_num=4)
    equal((cut.height, cut["n"].sum()), (ROWS, ROWS * (ROWS + 1) // 2))
    equal(ask(sql, engine="adbc")["n"].sum(), ROWS * (ROWS + 1) // 2)
    equal(len(connectorx.read_sql(URI, sql, return_type="arrow")), ROWS)


@probe.check("errors")
def errors():
    for sql in ("SELECT 1 FROM nowhere", "SELEC 1"):
        try:
            ask(sql)
        except BaseException as error:
            assert "does not exist" in str(error) or "syntax" in str(error), error
        else:
            raise AssertionError(f"no error for {sql}")


@probe.check("load")
def load():
    frame = pl.DataFrame({"id": range(1000), "name": [f"name {n}" for n in range(1000)]})
    for engine in ("adbc", "sqlalchemy"):
        uri = URI if engine == "adbc" else URI.replace("postgresql", "postgresql+psycopg2")
        frame.write_database("probe.loaded", uri, engine=engine, if_table_exists="replace")
        equal(ask("SELECT sum(id)::bigint AS n FROM probe.loaded")["n"].to_list(), [499500])
    from sqlalchemy import create_engine, text

    with create_engine(URI.replace("postgresql", "postgresql+psycopg2")).begin() as connection:
        connection.execute(text("DROP TABLE probe.loaded"))


probe.finish()
