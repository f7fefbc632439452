"""Prometheus, scraping the services of the stack under the rules that deploy/ ships."""

import shutil
from pathlib import Path

from prewatt_devstack.endpoints import Endpoints
from prewatt_devstack.paths import DEPLOY
from prewatt_devstack.ports import HOST, listens
from prewatt_devstack.processes import Program

_CONFIG = """\
global: {{scrape_interval: 2s, evaluation_interval: 5s}}
rule_files: [alerts.yml]
scrape_configs:
{jobs}
"""
_JOB = '  - {{job_name: {name}, static_configs: [{{targets: ["{host}:{port}"]}}]}}'


class Prometheus:
    """A part of the native stack."""

    name = "prometheus"
    ready_timeout_s = 30.0

    def __init__(self, state_dir: Path, endpoints: Endpoints) -> None:
        self._dir = state_dir / "prometheus"
        self._endpoints = endpoints

    def prepare(self) -> None:
        """Write the configuration."""
        self._dir.mkdir(parents=True, exist_ok=True)
        jobs = "\n".join(
            _JOB.format(name=name, host=HOST, port=port)
            for name, port in self._endpoints.service_ports.items()
        )
        (self._dir / "prometheus.yml").write_text(_CONFIG.format(jobs=jobs), encoding="utf-8")
        shutil.copyfile(DEPLOY / "prometheus" / "alerts.yml", self._dir / "alerts.yml")

    def program(self) -> Program:
        """The server."""
        return Program(
            argv=[
                "prometheus",
                f"--config.file={self._dir}/prometheus.yml",
                f"--storage.tsdb.path={self._dir}/data",
                f"--web.listen-address={HOST}:{self._endpoints.prometheus_port}",
            ]
        )

    def ready(self) -> bool:
        """Whether it accepts connections."""
        return listens(self._endpoints.prometheus_port)
