"""pandas over SQLAlchemy: queries and tables into frames, frames into tables, results in chunks."""

import pandas as pd
import sqlalchemy as sa
from probe import ITEMS, KINDS, ROWS, Probe, equal

probe = Probe()
engine = sa.create_engine("postgresql+psycopg2://", poolclass=sa.NullPool)


@probe.check("connect")
def connect():
    equal(pd.read_sql("SELECT 1 AS one", engine).one.tolist(), [1])


@probe.check("read")
def read():
    equal([tuple(row) for row in pd.read_sql("SELECT * FROM probe.items ORDER BY id", engine).itertuples(index=False)],
          [(number, name, float(price)) for number, name, price in ITEMS])


@probe.check("types")
def types():
    row = pd.read_sql("SELECT * FROM probe.kinds WHERE id = 1", engine).iloc[0].to_dict()
    row["bytes"], row["money"] = bytes(row["bytes"]), str(row["money"])
    equal(row, KINDS | {"money": str(float(KINDS["money"])), "moment": pd.Timestamp(KINDS["moment"]), "instant": pd.Timestamp(KINDS["instant"])})


@probe.check("parameters")
def parameters():
    sql = sa.text("SELECT name FROM probe.items WHERE id = :id AND price < :price")
    equal(pd.read_sql(sql, engine, params={"id": 2, "price": 3.5}).name.tolist(), ["two"])


@probe.check("nulls")
def nulls():
    equal(pd.read_sql("SELECT * FROM probe.kinds WHERE id = 2", engine).isna().sum(axis=1).tolist(), [12])


@probe.check("tables")
def tables():
    frame = pd.read_sql_table("items", engine, schema="probe", index_col="id")
    equal((list(frame.columns), len(frame)), (["name", "price"], 3))


@probe.check("columns")
def columns():
    frame = pd.read_sql_table("kinds", engine, schema="probe", columns=["id", "day", "instant"])
    equal([str(frame.id.dtype), str(frame.day.dtype)[:10], str(frame.instant.dtype)[-5:]], ["int64", "datetime64", " UTC]"])


@probe.check("views")
def views():
    equal(len(pd.read_sql_table("filled", engine, schema="probe")), 1)


@probe.check("cursor")
def cursor():
    with engine.connect().execution_options(stream_results=True) as connection:
        sql = f"SELECT n FROM generate_series(1, {ROWS // 10}) AS a(n)"
        total = sum(chunk.n.sum() for chunk in pd.read_sql(sql, connection, chunksize=1000))
        equal(total, (ROWS // 10) * (ROWS // 10 + 1) // 2)


@probe.check("big_result")
def big_result():
    equal(pd.read_sql(f"SELECT n FROM generate_series(1, {ROWS}) AS a(n)", engine).n.sum(), ROWS * (ROWS + 1) // 2)


@probe.check("load")
def load():
    frame = pd.DataFrame({
        "id": range(5000), "share": [number / 7 for number in range(5000)], "name": [f"name {n}" for n in range(5000)],
        "at": pd.date_range("2024-01-01", periods=5000, freq="min", tz="UTC"), "flag": [True, None] * 2500,
    })
    frame.to_sql("loaded", engine, schema="probe", index=False, if_exists="replace", chunksize=1000, method="multi")
    frame.to_sql("loaded", engine, schema="probe", index=False, if_exists="append", chunksize=1000)
    back = pd.read_sql("SELECT * FROM probe.loaded ORDER BY id", engine)
    equal((len(back), back.id.sum(), back["name"].iloc[-1], int(back.flag.isna().sum())), (10000, 2 * frame.id.sum(), "name 4999", 5000))
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE probe.loaded"))


probe.finish()
