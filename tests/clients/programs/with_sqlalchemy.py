"""SQLAlchemy 2 over psycopg2 and psycopg 3: the inspector has to find the real schema, the core has to work, and its own
dialect suite (`sqlalchemy.testing.suite`) has to pass for the most part where CLIENT_SUITE asks for it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa
from probe import ENDLESS, ITEMS, KINDS, ROWS, Probe, equal, fails, stops
from sqlalchemy.dialects import postgresql as pg

probe = Probe()
ENGINES = [sa.create_engine(f"postgresql+{driver}://", poolclass=sa.NullPool) for driver in ("psycopg2", "psycopg")]


def check(capability):
    """Runs a function once for each driver."""

    def decorate(function):
        def each():
            for engine in ENGINES:
                function(engine)

        probe.check(capability)(each)

    return decorate


def ask(engine, sql, **parameters):
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(sql), parameters)]


def code(error):
    return getattr(error.orig, "pgcode", None) or error.orig.sqlstate


@check("connect")
def connect(engine):
    equal(ask(engine, "SELECT 1"), [(1,)])
    assert engine.dialect.server_version_info or engine.connect().dialect.server_version_info[0] == 15


@check("read")
def read(engine):
    items = sa.Table("items", sa.MetaData(), schema="probe", autoload_with=engine)
    with engine.connect() as connection:
        rows = connection.execute(sa.select(items).order_by(items.c.id)).all()
    equal([tuple(row) for row in rows], ITEMS)


@check("types")
def types(engine):
    with engine.connect() as connection:
        row = connection.execute(sa.text("SELECT * FROM probe.kinds WHERE id = 1")).mappings().one()
    got = dict(row)
    got["bytes"] = bytes(got["bytes"])
    equal(got, KINDS)


@check("parameters")
def parameters(engine):
    kinds = sa.Table("kinds", sa.MetaData(), schema="probe", autoload_with=engine)
    with engine.connect() as connection:
        for name, value in KINDS.items():
            equal(connection.execute(sa.select(kinds.c.id).where(kinds.c[name] == value)).scalars().all(), [1])
        equal(connection.execute(sa.select(kinds.c.id).where(kinds.c.id.in_([1, 5]))).scalars().all(), [1])


@check("nulls")
def nulls(engine):
    equal(ask(engine, "SELECT * FROM probe.kinds WHERE flag IS NULL"), [(2,) + (None,) * 12])
    equal(ask(engine, "SELECT id FROM probe.kinds WHERE id = :a AND words IS NOT DISTINCT FROM :b", a=2, b=None), [(2,)])


@check("tables")
def tables(engine):
    inspector = sa.inspect(engine)
    assert {"probe", "public", "journey", "kpi"} <= set(inspector.get_schema_names()), inspector.get_schema_names()
    equal(sorted(inspector.get_table_names("probe")), ["items", "kinds"])
    equal(inspector.get_table_comment("kinds", "probe"), {"text": "A column of each type."})
    equal(inspector.has_table("items", "probe"), True)
    equal(inspector.has_table("nothing", "probe"), False)
    equal([c["name"] for c in inspector.get_check_constraints("items", "probe")], ["positive"])
    equal(inspector.get_pk_constraint("items", "probe")["constrained_columns"], [])
    equal((inspector.get_foreign_keys("items", "probe"), inspector.get_indexes("items", "probe")), ([], []))
    equal(inspector.get_unique_constraints("items", "probe"), [])
    # Everything at once: each table, view and column of the journey schema and of the KPI views.
    for schema in ("journey", "kpi", "probe"):
        metadata = sa.MetaData()
        metadata.reflect(engine, schema=schema, views=True)
        with engine.connect() as connection:
            sql = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = :schema"
            expected = {tuple(row) for row in connection.execute(sa.text(sql), {"schema": schema})}
        equal({(table.name, column.name) for table in metadata.tables.values() for column in table.columns}, expected)


@check("columns")
def columns(engine):
    expected = {
        "id": (sa.INTEGER, False), "flag": (sa.BOOLEAN, True), "small": (sa.SMALLINT, True), "whole": (sa.INTEGER, True),
        "big": (sa.BIGINT, True), "single": (sa.REAL, True), "double": (sa.DOUBLE_PRECISION, True), "money": (sa.NUMERIC, True),
        "words": (sa.TEXT, True), "bytes": (pg.BYTEA, True), "day": (sa.DATE, True), "moment": (pg.TIMESTAMP, True),
        "instant": (pg.TIMESTAMP, True),
    }
    found = {c["name"]: c for c in sa.inspect(engine).get_columns("kinds", "probe")}
    equal({name: (type(c["type"]), c["nullable"]) for name, c in found.items()}, expected)
    equal((found["money"]["type"].precision, found["money"]["type"].scale), (12, 2))
    equal((found["moment"]["type"].timezone, found["instant"]["type"].timezone), (False, True))
    equal(found["money"]["comment"], "Two digits after the point.")
    arrays = {c["name"]: c["type"] for c in sa.inspect(engine).get_columns("expressions", "probe")}
    equal((type(arrays["numbers"]), type(arrays["numbers"].item_type)), (pg.ARRAY, sa.INTEGER))
    equal((type(arrays["span"]), type(arrays["clock"])), (pg.INTERVAL, pg.TIME))


@check("views")
def views(engine):
    inspector = sa.inspect(engine)
    equal(sorted(inspector.get_view_names("probe")), ["expressions", "filled"])
    assert "flag IS NOT NULL" in inspector.get_view_definition("filled", "probe")
    equal(inspector.get_materialized_view_names("probe"), [])


@check("functions")
def functions(engine):
    items = sa.Table("items", sa.MetaData(), schema="probe", autoload_with=engine)
    query = sa.select(sa.func.count(), sa.func.sum(items.c.price), sa.func.lower(sa.func.max(items.c.name)))
    with engine.connect() as connection:
        equal(str(tuple(connection.execute(query).one())), "(3, Decimal('7.50'), 'two')")


@check("cursor")
def cursor(engine):
    with engine.connect().execution_options(yield_per=1000) as connection:
        rows = connection.execute(sa.text(f"SELECT n FROM generate_series(1, {ROWS // 10}) AS a(n)"))
        equal(sum(row[0] for row in rows), (ROWS // 10) * (ROWS // 10 + 1) // 2)


@check("big_result")
def big_result(engine):
    rows = ask(engine, f"SELECT n FROM generate_series(1, {ROWS // 2}) AS a(n)")
    equal(sum(row[0] for row in rows), (ROWS // 2) * (ROWS // 2 + 1) // 2)


@check("transaction")
def transaction(engine):
    with engine.connect() as connection:
        connection.execute(sa.text("DELETE FROM probe.items"))
        connection.rollback()
    equal(ask(engine, "SELECT count(*) FROM probe.items"), [(3,)])


@check("savepoint")
def savepoint(engine):
    with engine.connect() as connection:
        connection.execute(sa.text("INSERT INTO probe.items VALUES (9, 'nine', 9)"))
        try:
            with connection.begin_nested():
                connection.execute(sa.text("SELECT 1 / 0"))
        except sa.exc.DBAPIError:
            pass
        equal(connection.execute(sa.text("SELECT count(*) FROM probe.items")).scalar(), 4)
        connection.rollback()


@check("errors")
def errors(engine):
    fails("42P01", lambda: ask(engine, "SELECT 1 FROM nowhere"), code)
    fails("42703", lambda: ask(engine, "SELECT nothing FROM probe.items"), code)
    fails("22012", lambda: ask(engine, "SELECT 1 / 0"), code)


@probe.check("cancel")
def cancel():
    with ENGINES[0].connect() as connection:
        raw = connection.connection.driver_connection
        stops(lambda: connection.execute(sa.text(ENDLESS)), raw.cancel, code)


@check("timeout")
def timeout(engine):
    limited = sa.create_engine(engine.url, connect_args={"options": "-c statement_timeout=300"}, poolclass=sa.NullPool)
    stops(lambda: ask(limited, ENDLESS), None, code)


@check("load")
def load(engine):
    metadata = sa.MetaData()
    loaded = sa.Table(
        "loaded", metadata, sa.Column("id", sa.Integer, autoincrement=False), sa.Column("name", sa.String),
        sa.Column("at", sa.DateTime(timezone=True)), schema="probe",
    )
    metadata.drop_all(engine)
    metadata.create_all(engine)
    rows = [{"id": number, "name": f"name {number}", "at": KINDS["instant"]} for number in range(1000)]
    with engine.begin() as connection:
        connection.execute(loaded.insert(), rows)
    equal(ask(engine, "SELECT count(*), sum(id), min(at) FROM probe.loaded"), [(1000, 499500, KINDS["instant"])])
    with engine.begin() as connection:
        equal(connection.execute(loaded.update().where(loaded.c.id < 10).values(name="few")).rowcount, 10)
        equal(connection.execute(loaded.delete().where(loaded.c.id >= 10)).rowcount, 990)
    metadata.drop_all(engine)


@check("temp_table")
def temp_table(engine):
    mine = sa.Table("mine", sa.MetaData(), sa.Column("id", sa.BigInteger), prefixes=["TEMPORARY"])
    with engine.connect() as connection:
        mine.create(connection)
        connection.execute(mine.insert(), [{"id": 7}])
        equal(connection.execute(sa.select(mine.c.id)).scalar(), 7)


probe.finish()
