"""What the Python programs share: how a capability is reported, and what the objects of setup.sql hold."""

import datetime
import decimal
import os
import threading
import time
import traceback

CAPABILITIES = (
    "connect read types parameters nulls tables columns views functions prepared cursor big_result transaction savepoint "
    "copy_in copy_out errors cancel timeout load temp_table"
).split()
ROWS = int(os.environ["CLIENT_ROWS"])
PORT = int(os.environ["PGPORT"])

# Runs for hours unless it is stopped.
ENDLESS = "SELECT count(*) FROM generate_series(1, 1000000000000) AS a(n) WHERE n % 7 = 3"

UTC = datetime.timezone.utc
KINDS = {
    "id": 1,
    "flag": True,
    "small": -32768,
    "whole": 2147483647,
    "big": -9223372036854775808,
    "single": 1.5,
    "double": 0.1,
    "money": decimal.Decimal("1234567890.12"),
    "words": 'Zürich \'quoted\' "d" \\ , tab\tend',
    "bytes": b"\x00\xff\x10",
    "day": datetime.date(2024, 2, 29),
    "moment": datetime.datetime(2024, 2, 29, 12, 34, 56, 789012),
    "instant": datetime.datetime(2024, 2, 29, 12, 34, 56, 789012, UTC),
}
CLOCK = datetime.time(23, 59, 59, 999999)
NUMBERS = [1, 2, None]
TEXTS = ["a", "b c"]
ITEMS = [(1, "one", decimal.Decimal("1.50")), (2, "two", decimal.Decimal("2.50")), (3, "three", decimal.Decimal("3.50"))]
# The columns of probe.items as format_type() prints their types.
ITEM_TYPES = [("id", "bigint"), ("name", "text"), ("price", "numeric(12,2)")]


class Probe:
    """Reports what a client can do; a capability that nobody checks is one that the client does not have."""

    def __init__(self):
        self.reported = set()

    def check(self, capability):
        """Runs the decorated function at once: it passes unless it raises."""

        def decorate(function):
            try:
                function()
                self.report(capability, "pass")
            except BaseException as error:  # drivers raise what they like
                where = traceback.extract_tb(error.__traceback__)
                own = [frame for frame in where if "programs" in frame.filename]
                line = f"line {own[-1].lineno}: " if own else ""
                self.report(capability, "fail", f"{line}{type(error).__name__}: {error}")
            return function

        return decorate

    def report(self, capability, verdict, detail=""):
        assert capability in CAPABILITIES, capability
        self.reported.add(capability)
        print(capability, verdict, " ".join(detail.split()), sep="\t", flush=True)

    def finish(self):
        for capability in CAPABILITIES:
            if capability not in self.reported:
                self.report(capability, "none")


def equal(got, expected):
    assert got == expected, f"expected {expected!r}, got {got!r}"


def fails(state, work, code):
    """The work fails with a SQLSTATE; `code` takes it from the driver's error."""
    try:
        work()
    except Exception as error:
        equal(code(error), state)
    else:
        raise AssertionError(f"no error {state}")


def stops(work, cancel, code, state="57014"):
    """The work, cancelled after a moment from another thread, ends soon with a SQLSTATE."""
    timer = threading.Timer(0.5, cancel) if cancel else None
    begun = time.monotonic()
    if timer:
        timer.start()
    try:
        fails(state, work, code)
    finally:
        if timer:
            timer.cancel()
            timer.join()
    assert time.monotonic() - begun < 15, "it took too long to stop"
