"""Another database of the benchmark: loads the rows of a Delta table into its own storage, or answers a question there.

peer.py duckdb|clickhouse STORE load TABLE FOLDER KEY   makes a table, sorted by KEY, of the Delta table in FOLDER
peer.py duckdb|clickhouse STORE ask RUNS QUESTION       prints {"milliseconds": [...], "rows": [[...]]}

The variable THREADS says how many threads it may use. An answer's cells are texts; one that is NULL is null.
"""

import json
import os
import sys
import time
from typing import Any, Protocol

COLUMNS = ("account_id", "contact_id", "occurred_at", "channel", "lever", "cost")


class Peer(Protocol):
    """What the benchmark wants of a database."""

    def load(self, table: str, files: list[str], key: str) -> None:
        """Makes the table of the files' rows, unless it is there."""

    def ask(self, question: str) -> list[Any]:
        """The rows of the answer."""


class DuckDB:
    """A database file, its tables stored in the order of the key."""

    def __init__(self, store: str, threads: int) -> None:
        import duckdb

        self.connection = duckdb.connect(store, config={"threads": threads})
        self.connection.execute("SET TimeZone = 'UTC'")

    def load(self, table: str, files: list[str], key: str) -> None:
        self.connection.execute(
            f"CREATE TABLE IF NOT EXISTS {table} AS "
            f"SELECT {', '.join(COLUMNS)} FROM read_parquet({files}) ORDER BY {key}"
        )

    def ask(self, question: str) -> list[Any]:
        return self.connection.execute(question).fetchall()


class ClickHouse:
    """A MergeTree ordered by the key, of one part.

    It is at its best without NULL in ids and texts, so the empty value of their types stands for it: '' for text, 0
    for numbers.
    """

    def __init__(self, store: str, threads: int) -> None:
        from chdb.session import Session

        self.session = Session(store)
        self.session.query(f"SET max_threads = {threads}")

    def load(self, table: str, files: list[str], key: str) -> None:
        if self.ask(f"EXISTS TABLE {table}") == [[1]]:
            return
        rows = f"SELECT {self._columns()} FROM file('{{}}', Parquet)"
        self.session.query("DROP TABLE IF EXISTS loading")
        self.session.query(
            f"CREATE TABLE loading ENGINE = MergeTree ORDER BY ({key}) EMPTY AS {rows.format(files[0])}"
        )
        for file in files:
            self.session.query(f"INSERT INTO loading {rows.format(file)}")
        self.session.query("OPTIMIZE TABLE loading FINAL")
        self.session.query(f"RENAME TABLE loading TO {table}")

    @staticmethod
    def _columns() -> str:
        known = "ifNull({0}, defaultValueOfArgumentType(assumeNotNull({0}))) AS {0}".format
        form = {
            "account_id": known("account_id"),
            "contact_id": known("contact_id"),
            "occurred_at": "assumeNotNull(occurred_at) AS occurred_at",
            "channel": "toLowCardinality(ifNull(channel, '')) AS channel",
            "lever": "toLowCardinality(ifNull(lever, '')) AS lever",
            "cost": "cost",
        }
        return ", ".join(form[column] for column in COLUMNS)

    def ask(self, question: str) -> list[Any]:
        return json.loads(self.session.query(question, "JSONCompact").bytes())["data"]


def load(peer: Peer, table: str, folder: str, key: str) -> None:
    """Loads the files that the Delta table's log names."""
    from deltalake import DeltaTable

    peer.load(table, DeltaTable(folder).file_uris(), key)


def ask(peer: Peer, runs: str, question: str) -> None:
    """Asks the question so often, and prints each run's time and the last answer."""
    milliseconds = []
    rows: list[Any] = []
    for _ in range(int(runs)):
        start = time.perf_counter()
        rows = peer.ask(question)
        milliseconds.append((time.perf_counter() - start) * 1000)
    text = [[None if cell is None else str(cell) for cell in row] for row in rows]
    print(json.dumps({"milliseconds": milliseconds, "rows": text}))


def main(name: str, store: str, task: str, *arguments: str) -> None:
    """Opens the peer and gives it the task."""
    peer = {"duckdb": DuckDB, "clickhouse": ClickHouse}[name](store, int(os.environ["THREADS"]))
    {"load": load, "ask": ask}[task](peer, *arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
