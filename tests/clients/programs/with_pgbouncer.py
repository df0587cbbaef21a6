"""pgbouncer: psycopg2 through a pooler, in session mode with DISCARD ALL between clients and in transaction mode."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg2
from dbapi import Driver
from probe import ENDLESS, ITEMS, PORT, ROWS, Probe, equal, fails, stops

probe = Probe()


@contextlib.contextmanager
def pooled(mode):
    """A pooler of two connections, and a driver that goes through it. pgbouncer does not run as root."""
    folder = Path(tempfile.mkdtemp())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "users.txt").write_text('"journeydb" ""\n')
    (folder / "pgbouncer.ini").write_text(f"""[databases]
journeydb = host=127.0.0.1 port={PORT} user=journeydb
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users.txt
pool_mode = {mode}
default_pool_size = 2
server_reset_query = DISCARD ALL
ignore_startup_parameters = extra_float_digits
""")
    options = {}
    if os.geteuid() == 0:
        options = {"user": "postgres"}
        for path in [folder, *folder.iterdir()]:
            shutil.chown(path, "postgres")
    process = subprocess.Popen(["pgbouncer", str(folder / "pgbouncer.ini")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield Driver(lambda: psycopg2.connect(port=port), lambda error: error.pgcode)
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder)


with pooled("session") as session, pooled("transaction") as transaction_mode:

    @probe.check("connect")
    def connect():
        for _ in range(5):  # more clients than connections, one after the other
            connection = session.connect()
            equal(session.ask("SELECT 1", connection=connection), [(1,)])
            session.ask("SET statement_timeout = '1min'", connection=connection)
            connection.commit()
            connection.close()
        equal(session.ask("SHOW statement_timeout"), [("0",)])

    @probe.check("read")
    def read():
        for driver in (session, transaction_mode):
            equal(driver.ask("SELECT id, name, price FROM probe.items ORDER BY id"), ITEMS)

    @probe.check("parameters")
    def parameters():
        equal(transaction_mode.ask("SELECT name FROM probe.items WHERE id = %s AND name LIKE %s", (2, "t%")), [("two",)])

    @probe.check("nulls")
    def nulls():
        equal(session.ask("SELECT * FROM probe.kinds WHERE id = 2"), [(2,) + (None,) * 12])

    @probe.check("big_result")
    def big_result():
        rows = session.ask(f"SELECT n FROM generate_series(1, {ROWS // 10}) AS a(n)")
        equal(len(rows), ROWS // 10)

    @probe.check("transaction")
    def transaction():
        connections = [transaction_mode.connect() for _ in range(4)]
        for connection in connections:
            transaction_mode.ask("SELECT count(*) FROM probe.items", connection=connection)
            connection.commit()
        transaction_mode.ask("DELETE FROM probe.items", connection=connections[0])
        connections[0].rollback()
        equal(transaction_mode.ask("SELECT count(*) FROM probe.items"), [(3,)])

    @probe.check("errors")
    def errors():
        fails("42P01", lambda: session.ask("SELECT 1 FROM nowhere"), session.code)

    @probe.check("cancel")
    def cancel():
        connection = session.connect()
        stops(lambda: session.ask(ENDLESS, connection=connection), connection.cancel, session.code)

    @probe.check("load")
    def load():
        session.run("CREATE TABLE probe.loaded (id integer)")
        session.run(*(f"INSERT INTO probe.loaded VALUES ({number})" for number in range(20)))
        equal(session.ask("SELECT sum(id) FROM probe.loaded"), [(190,)])
        session.run("DROP TABLE probe.loaded")

probe.finish()
