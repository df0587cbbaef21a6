"""pgbench: own scripts from several connections at a time, by each protocol; its initial load by COPY."""

import subprocess
import tempfile

from probe import Probe, equal

probe = Probe()

POINT = """\\set id random(1, 3)
SELECT name, price FROM probe.items WHERE id = :id;
"""
AGGREGATE = "SELECT date_trunc('day', occurred_at) AS day, count(*) FROM journey.interactions GROUP BY 1 ORDER BY 2 DESC LIMIT 5;\n"
BLOCK = """BEGIN;
SELECT count(*) FROM probe.items;
INSERT INTO probe.bench VALUES (:client_id);
END;
"""


def bench(script, *options):
    """Runs a script; each of its transactions has to succeed."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        command = ["pgbench", "-n", "-f", file.name, *options]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr.strip().splitlines()[-1]
    assert "number of failed transactions: 0 " in ran.stdout, ran.stdout
    return ran.stdout


def psql(sql):
    return subprocess.run(["psql", "-XAtq", "-c", sql], capture_output=True, text=True).stdout.split()


@probe.check("connect")
def connect():
    bench(POINT, "-c", "4", "-t", "5", "-C")


@probe.check("read")
def read():
    bench(POINT, "-c", "4", "-t", "50")
    bench(AGGREGATE, "-c", "4", "-t", "5")


@probe.check("parameters")
def parameters():
    bench(POINT, "-c", "4", "-t", "50", "-M", "extended")


@probe.check("prepared")
def prepared():
    bench(POINT, "-c", "8", "-t", "100", "-M", "prepared")


@probe.check("transaction")
def transaction():
    psql("CREATE TABLE probe.bench (client integer)")
    bench(BLOCK, "-c", "1", "-t", "10", "-M", "prepared")
    equal(psql("SELECT count(*) FROM probe.bench"), ["10"])
    psql("DROP TABLE probe.bench")


@probe.check("copy_in")
def copy_in():
    ran = subprocess.run(["pgbench", "-i", "-I", "dtg", "-q"], capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, ran.stderr.strip().splitlines()[-1]
    equal(psql("SELECT count(*) FROM pgbench_accounts"), ["100000"])
    psql("DROP TABLE pgbench_accounts, pgbench_branches, pgbench_tellers, pgbench_history")


@probe.check("load")
def load():
    psql("CREATE TABLE probe.bench (client integer, at timestamptz)")
    bench("INSERT INTO probe.bench VALUES (:client_id, now());\n", "-c", "2", "-t", "10", "-M", "prepared")
    equal(psql("SELECT count(*) FROM probe.bench"), ["20"])
    psql("DROP TABLE probe.bench")


probe.finish()
