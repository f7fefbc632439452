"""Runs every query of the dashboard: ``python deploy/grafana/queries.py http://localhost:9090``.

A panel without data looks the same whether nothing happened or its metric was renamed, so each
metric name must be one that some scraped process declares, even before its first value.
"""

import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DASHBOARD = Path(__file__).parent / "dashboards" / "prewatt.json"
METRIC = re.compile(r"\bprewatt_[a-z0-9_]+")
PARTS_OF_A_FAMILY = re.compile(r"_(total|bucket|sum|count)$")


def dashboard_queries() -> Iterator[tuple[str, str]]:
    """Each panel's title with one of its expressions, ready to run."""
    for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$__rate_interval", "1m")


def run_dashboard_queries(prometheus_url: str) -> dict[str, int]:
    """How many series each expression gives.

    Raises:
        RuntimeError: naming every expression that Prometheus refuses and every metric that no
            scraped process has ever declared.
    """
    declared = {PARTS_OF_A_FAMILY.sub("", name) for name in _get(prometheus_url, "metadata")}
    faults: list[str] = []
    series: dict[str, int] = {}
    for title, expr in dashboard_queries():
        faults += [
            f"{title}: nobody exports {name}"
            for name in METRIC.findall(expr)
            if PARTS_OF_A_FAMILY.sub("", name) not in declared
        ]
        try:
            series[expr] = len(_get(prometheus_url, "query", query=expr)["result"])
        except urllib.error.HTTPError as error:
            faults.append(f"{title}: {expr}: {error.read().decode()}")
    if faults:
        raise RuntimeError("\n".join(faults))
    return series


def _get(prometheus_url: str, path: str, **parameters: str) -> Any:
    address = f"{prometheus_url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - an http address
        return json.load(answer)["data"]


if __name__ == "__main__":
    try:
        for query, count in run_dashboard_queries(sys.argv[1].rstrip("/")).items():
            print(f"{count:4d} series  {query}")  # noqa: T201
    except RuntimeError as error:
        sys.exit(str(error))
