"""Every query of the operators' dashboard against a Prometheus that scrapes the services."""

import asyncio
import importlib.util
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from world import MICRO, World

from prewatt_simulator import ConstantLoad

pytestmark = pytest.mark.stack

QUERIES = Path(__file__).parents[2] / "deploy" / "grafana" / "queries.py"
_TIMEOUT_S = 60


def _runner() -> Callable[[str], dict[str, int]]:
    spec = importlib.util.spec_from_file_location("dashboard_queries", QUERIES)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.run_dashboard_queries


async def test_every_query_of_the_dashboard_runs_and_names_what_is_exported(world: World) -> None:
    home = world.household(balance_micro=50 * MICRO)
    await world.register(home)
    async with world.fleet([home], load=ConstantLoad(wh=100)) as fleet:
        at = world.instant(1)
        await fleet.publish_step(at=at)
        await fleet.drain()
        await world.settled(home, read_at=at)
    run = _runner()
    url = world.stack.endpoints.prometheus_url
    deadline = time.monotonic() + _TIMEOUT_S
    while True:
        try:
            series = await asyncio.to_thread(run, url)
            if sum(series.values()):
                break
        except RuntimeError:
            # Prometheus has not scraped everything yet.
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(1)
    assert any("readings_total" in expr and count for expr, count in series.items())
