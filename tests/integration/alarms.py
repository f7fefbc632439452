"""The shipped alerts on a Prometheus of their own, with minutes shortened to seconds."""

import asyncio
import re
import shutil
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from prewatt_devstack import Stack
from prewatt_devstack.ports import HOST, free_ports

RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "alerts.yml"
_SHORTER = (
    (r"for: \d+m", "for: 1s"),
    (r"\[1[05]m\]", "[30s]"),
    (r"offset 15m", "offset 30s"),
    (r"< 3600", "< 60"),
    (r"silent_seconds\) > 180", "silent_seconds) > 30"),
)
WAIT_S = 180.0


def shortened(rules: str) -> str:
    """The same rules over shorter times."""
    for long, short in _SHORTER:
        rules, found = re.subn(long, short, rules)
        assert found, f"no rule has {long} any more"
    return rules


@dataclass(frozen=True)
class Alarms:
    """What fires. ``second_gateway_port`` is scraped too, for a test that starts one."""

    url: str
    second_gateway_port: int

    async def firing(self, alert: str, **labels: str) -> list[dict[str, Any]]:
        """The alerts of that name and those labels that fire now."""
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{self.url}/api/v1/alerts", timeout=10)
        return [
            each
            for each in answer.json()["data"]["alerts"]
            if each["state"] == "firing"
            and (labels | {"alertname": alert}).items() <= each["labels"].items()
        ]

    async def fires(self, alert: str, *words: str, **labels: str) -> str:
        """Wait until it fires and its summary has all ``words``; gives the summary."""
        deadline = time.monotonic() + WAIT_S
        while True:
            for each in await self.firing(alert, **labels):
                summary = each["annotations"]["summary"]
                if all(word in summary for word in words):
                    return summary
            if time.monotonic() > deadline:
                pytest.fail(f"{alert} {labels} {words}: {await self.firing(alert)}")
            await asyncio.sleep(0.5)

    async def resolves(self, alert: str, *words: str, **labels: str) -> None:
        """Wait until none fires whose summary has one of ``words`` (without words: none at all)."""
        deadline = time.monotonic() + WAIT_S
        while True:
            left = [
                each["annotations"]["summary"]
                for each in await self.firing(alert, **labels)
                if not words or any(word in each["annotations"]["summary"] for word in words)
            ]
            if not left:
                return
            if time.monotonic() > deadline:
                pytest.fail(f"{alert} {labels} still fires: {left}")
            await asyncio.sleep(0.5)


@contextmanager
def watching(stack: Stack, folder: Path) -> Generator[Alarms]:
    """A Prometheus that scrapes the stack's services each second."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("no prometheus on this machine: the stack's is in a container")
    port, second_gateway_port = free_ports(2)
    ports = [(name, each) for name, each in stack.endpoints.service_ports.items()]
    jobs = [
        {
            "job_name": name,
            "static_configs": [
                {
                    "targets": [
                        f"{HOST}:{each}",
                        *([f"{HOST}:{second_gateway_port}"] if name == "meter-gateway" else []),
                    ]
                }
            ],
        }
        for name, each in ports
    ]
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["alerts.yml"],
        "scrape_configs": jobs,
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    rules = shortened(RULES.read_text(encoding="utf-8"))
    (folder / "alerts.yml").write_text(rules, encoding="utf-8")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, f"--config.file={folder}/prometheus.yml",
             f"--storage.tsdb.path={folder}/data", f"--web.listen-address={HOST}:{port}"],
            stdout=log, stderr=log,
        )  # fmt: skip
        try:
            yield Alarms(f"http://{HOST}:{port}", second_gateway_port)
        finally:
            process.terminate()
            process.wait(timeout=30)
