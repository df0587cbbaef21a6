"""dbt: the project in dbt/ is built twice, so that what exists is replaced, added to and compared."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from probe import Probe, equal

probe = Probe()
work = Path(tempfile.mkdtemp())
project = work / "project"
shutil.copytree(Path(os.environ["CLIENT_HOME"]) / "dbt", project)


def dbt(*arguments):
    """Runs dbt; what it did by node: status, or the error's message."""
    command = [str(Path(sys.executable).parent / "dbt"), *arguments, "--project-dir", str(project), "--profiles-dir", str(project)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=600, cwd=work, env=os.environ | {"HOME": str(work)})
    results = project / "target" / "run_results.json"
    nodes = {}
    if results.exists():
        for result in json.loads(results.read_text())["results"]:
            name = result["unique_id"].split(".", 2)[2]
            good = result["status"] in ("success", "pass")
            nodes[result["unique_id"].split(".")[0] + "." + name] = "good" if good else str(result["message"])
        results.unlink()
    return ran.returncode, ran.stdout[-2000:], nodes


def built(run, *nodes):
    for node in nodes:
        equal(run[2].get(node, "not built"), "good")


@probe.check("connect")
def connect():
    code, output, _ = dbt("debug")
    assert code == 0, output


runs = [dbt("build"), dbt("build")]


@probe.check("load")
def load():
    for run in runs:
        built(run, "seed.channel_costs")


@probe.check("views")
def views():
    for run in runs:
        built(run, "model.recent_interactions", "model.median_interactions")


@probe.check("tables")
def tables():
    for run in runs:
        built(run, "model.account_totals")


@probe.check("temp_table")
def incremental():
    for run in runs:
        built(run, "model.daily_totals", "model.busy_accounts")


@probe.check("transaction")
def snapshot():
    for run in runs:
        built(run, "snapshot.account_history")


@probe.check("read")
def tests():
    for code, output, nodes in runs:
        failed = {node: status for node, status in nodes.items() if node.startswith("test") and status != "good"}
        equal(failed, {})
        assert code == 0, output


@probe.check("columns")
def columns():
    code, output, _ = dbt("docs", "generate")
    assert code == 0, output
    catalog = json.loads((project / "target" / "catalog.json").read_text())
    equal(catalog["errors"], None)
    found = catalog["nodes"]["seed.journeys.channel_costs"]
    equal({name: column["type"] for name, column in found["columns"].items()}, {"channel": "text", "cost_per_touch": "numeric(12,2)", "since": "date"})
    equal(catalog["nodes"]["model.journeys.recent_interactions"]["metadata"]["type"], "VIEW")


probe.finish()
shutil.rmtree(work)
