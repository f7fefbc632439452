"""The dashboard and the alerts: as committed, parsed by Prometheus, and backed by real metrics."""

import json
import re
import shutil
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GRAFANA = ROOT / "deploy" / "grafana"
PROMETHEUS = ROOT / "deploy" / "prometheus"
NEEDS_PROMTOOL = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool comes with the prometheus package"
)
WANTED_PANELS = {
    "readings": "prewatt_gateway_readings_total",
    "lag": "prewatt_consumer_lag_records",
    "latency of ingest": "prewatt_gateway_ingest_seconds_bucket",
    "latency to the charge": "prewatt_ledger_reading_to_post_seconds_bucket",
    "latency of cuts": 'prewatt_ledger_command_seconds_bucket{action="disconnect"}',
    "latency of reconnections": 'prewatt_ledger_command_seconds_bucket{action="reconnect"}',
    "balances below zero": "prewatt_ledger_accounts_below_zero",
    "cuts and reconnections": "prewatt_ledger_supply_changes_total",
    "dead letters": "prewatt_dead_letters_total",
    "notices": "prewatt_notifier_notices_total",
    "reconciliation": "prewatt_billing_reconciliation_differences",
}


def load(path: Path) -> ModuleType:
    spec = spec_from_file_location(f"deploy_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


queries = load(GRAFANA / "queries.py")


def promtool(*arguments: str | Path) -> None:
    done = subprocess.run(
        ("promtool", *arguments), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboard_is_what_its_code_gives() -> None:
    subprocess.run([sys.executable, GRAFANA / "dashboard.py", "--check"], check=True, timeout=60)


def test_panels_do_not_overlap_and_are_numbered_once() -> None:
    panels = json.loads(queries.DASHBOARD.read_text(encoding="utf-8"))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for p in panels
        for x in range(p["gridPos"]["x"], p["gridPos"]["x"] + p["gridPos"]["w"])
        for y in range(p["gridPos"]["y"], p["gridPos"]["y"] + p["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


@pytest.mark.parametrize("metric", WANTED_PANELS.values(), ids=WANTED_PANELS.keys())
def test_the_dashboard_shows(metric: str) -> None:
    assert any(metric in expr for _, expr in queries.dashboard_queries())


@NEEDS_PROMTOOL
def test_every_query_parses(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": expr}
        for number, (_, expr) in enumerate(queries.dashboard_queries())
    ]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    promtool("check", "rules", file)


@NEEDS_PROMTOOL
def test_alerts_fire_when_they_should_and_only_then() -> None:
    promtool("check", "config", PROMETHEUS / "prometheus.yml")
    promtool("test", "rules", PROMETHEUS / "alerts_test.yml", PROMETHEUS / "alerts_days_test.yml")


def test_every_alert_has_its_section_in_the_runbooks() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "docs" / "runbooks.md").read_text(), re.MULTILINE)
    anchors = {f"docs/runbooks.md#{heading.lower().replace(' ', '-')}" for heading in headings}
    groups = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"]
    runbooks = [rule["annotations"]["runbook"] for group in groups for rule in group["rules"]]
    assert sorted(runbooks) == sorted(anchors)


def test_alerts_use_the_metrics_of_the_dashboard() -> None:
    shown = {m for _, expr in queries.dashboard_queries() for m in queries.METRIC.findall(expr)}
    alerted = set(queries.METRIC.findall((PROMETHEUS / "alerts.yml").read_text()))
    assert alerted <= shown
