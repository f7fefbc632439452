"""Where the parts of a stack are and how to log in."""

import json
import secrets
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from prewatt_devstack.errors import StackError
from prewatt_devstack.ports import HOST, free_ports

DATABASES = ("meter_gateway", "prepay_ledger", "notifier", "billing")


def owner_of(database: str) -> str:
    """The role that a service's database and its tables belong to."""
    return f"{database}_owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Kept in ``stack.json``: a part that is started again keeps its port and passwords."""

    kafka_port: int
    kafka_controller_port: int
    mqtt_port: int
    mqtt_gateway_password: str
    mqtt_fleet_password: str
    postgres_port: int
    postgres_password: str
    postgres_owner_password: str
    postgres_service_password: str
    prometheus_port: int
    service_ports: dict[str, int]
    mqtt_host: str = HOST
    postgres_host: str = HOST
    postgres_user: str = "prewatt"
    mqtt_gateway_username: str = "gateway"
    mqtt_fleet_username: str = "fleet"

    @property
    def kafka_bootstrap(self) -> str:
        """``host:port``."""
        return f"{HOST}:{self.kafka_port}"

    @property
    def prometheus_url(self) -> str:
        """Where Prometheus is, if the stack was brought up with it."""
        return f"http://{HOST}:{self.prometheus_port}"

    def database_url(self, database: str) -> str:
        """For SQLAlchemy with asyncpg, as the superuser of the stack: for tests and for people."""
        return self._database_url(database, self.postgres_user, self.postgres_password)

    def owner_database_url(self, database: str) -> str:
        """As the role that owns the database and migrates it."""
        return self._database_url(database, owner_of(database), self.postgres_owner_password)

    def service_database_url(self, database: str) -> str:
        """As the service, whose role owns nothing."""
        return self._database_url(database, database, self.postgres_service_password)

    def _database_url(self, database: str, user: str, password: str) -> str:
        place = f"{self.postgres_host}:{self.postgres_port}/{database}"
        return f"postgresql+asyncpg://{user}:{password}@{place}"

    def service_url(self, service: str) -> str:
        """The base URL of one of the four services."""
        return f"http://{HOST}:{self.service_ports[service]}"


def load_or_make(state_dir: Path, *, services: tuple[str, ...]) -> Endpoints:
    """The endpoints of ``state_dir``, made with free ports and new passwords the first time.
    Raises `StackError` for those of another version."""
    file = state_dir / "stack.json"
    if file.exists():
        known: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if known.keys() != {each.name for each in fields(Endpoints)}:
            message = (
                f"{file} is of another version of Prewatt: end that stack with the version that "
                f"made it, then remove {state_dir}"
            )
            raise StackError(message)
        return Endpoints(**known)
    ports = free_ports(5 + len(services))
    endpoints = Endpoints(
        kafka_port=ports[0],
        kafka_controller_port=ports[1],
        mqtt_port=ports[2],
        postgres_port=ports[3],
        prometheus_port=ports[4],
        service_ports=dict(zip(services, ports[5:], strict=True)),
        mqtt_gateway_password=secrets.token_urlsafe(18),
        mqtt_fleet_password=secrets.token_urlsafe(18),
        postgres_password=secrets.token_urlsafe(18),
        postgres_owner_password=secrets.token_urlsafe(18),
        postgres_service_password=secrets.token_urlsafe(18),
    )
    write_private(file, json.dumps(asdict(endpoints), indent=1))
    return endpoints


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner can read."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(text, encoding="utf-8")
