"""What a fleet is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from prewatt_simulator.faults import Faults


@dataclass(frozen=True, kw_only=True)
class ConstantLoad:
    """Every meter uses the same energy in every interval: easy to foretell in a test."""

    wh: int


Load = Literal["households"] | ConstantLoad


@dataclass(frozen=True, kw_only=True)
class FleetSettings:
    """A fleet of simulated meters and how it reaches the broker."""

    mqtt_host: str = "127.0.0.1"
    mqtt_port: int = 1883
    mqtt_ca_file: Path | None = None
    """Certificates (PEM) that the broker's must descend from; without it, no TLS."""
    username: str | None = None
    """Credential of the shared connections, which may publish and read for every meter."""
    password: str | None = None
    meter_ids: Sequence[str]
    connections: int = 2
    """Shared connections that carry the readings; one more carries the commands."""
    one_connection_each: bool = False
    """Each meter has its own session and last will; its user name is its meter id."""
    meter_passwords: Mapping[str, str] = field(default_factory=dict[str, str])
    """Meter id to password, for ``one_connection_each``; ``password`` where one is missing."""
    announce: bool = False
    """Publish ``online`` and ``offline`` on shared connections too (one message per meter)."""
    window: int = 1000
    """Unacknowledged readings per shared connection."""
    start_wh: int | Mapping[str, int] = 0
    """Registers to begin with, one for all or meter id to Wh (0 where one is missing)."""
    command_public_keys: Mapping[str, str] = field(default_factory=dict[str, str])
    """Key id to Ed25519 public key (PEM). Without keys every command is refused."""
    button_after_s: float | None = None
    """How long it takes until the button of an armed meter is pressed; none: never."""
    site_code_master: bytes | None = None
    """The utility's secret that each meter's own comes from; without it, none takes codes."""
    kept_file: Path | None = None
    """Where meters keep relay, last sequence and last answer, to have them again after a restart;
    without it, a fleet is made of new meters."""
    interval: timedelta = timedelta(minutes=15)
    time_scale: int = 1
    """Simulated seconds to a real one, for a run without a given rate."""
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    """Local time of the households' habits."""
    load: Load = "households"
    faults: Faults = field(default_factory=Faults)
    seed: int = 1

    def __post_init__(self) -> None:
        if not self.meter_ids or len(set(self.meter_ids)) != len(self.meter_ids):
            message = "meter_ids must be at least one, each once"
            raise ValueError(message)
        if self.connections < 1 or self.window < 1 or self.time_scale < 1:
            message = "connections, window and time_scale must be at least 1"
            raise ValueError(message)
        if self.interval < timedelta(seconds=1):
            message = f"interval must be at least a second, not {self.interval}"
            raise ValueError(message)

    def start_wh_of(self, meter_id: str) -> int:
        """The register that a meter begins with."""
        return self.start_wh if isinstance(self.start_wh, int) else self.start_wh.get(meter_id, 0)


def meter_ids(count: int, *, prefix: str = "sim") -> list[str]:
    """``sim-0000001`` and so on."""
    return [f"{prefix}-{number:07d}" for number in range(1, count + 1)]
