"""The gateway's settings."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field, SecretStr

from meter_gateway.mqtt.broker import Broker
from prewatt_common.settings import ServiceSettings


class GatewaySettings(ServiceSettings):
    """Read from ``PREWATT_*``."""

    http_port: int = Field(default=8081, ge=1, le=65535)
    mqtt_host: str = "127.0.0.1"
    mqtt_port: int = Field(default=1883, ge=1, le=65535)
    mqtt_username: str | None = None
    mqtt_password: SecretStr | None = None
    mqtt_ca_file: Path | None = None
    """With it the connection is TLS, and the broker's certificate must hold under it."""
    ingest_linger_ms: int = Field(default=50, ge=0, le=1000)
    """How long readings gather before they go to Kafka: larger batches cost less CPU each."""
    in_flight_max: int = Field(default=10_000, ge=100, le=65_535)
    """Messages of a connection that are not acknowledged yet; beyond it we stop reading. The
    broker's own limit (max_inflight_messages) is usually the lower one."""
    future_tolerance_s: int = Field(default=300, ge=0, le=24 * 3600)
    """A reading further ahead of our clock is refused."""
    age_max_days: int = Field(default=400, ge=1, le=36_500)
    """An older reading is refused: a clock that fell back to 1970 or 2000 must not charge other
    months. Late profiles are well within it."""

    @property
    def age_max(self) -> timedelta:
        """How old a reading may be."""
        return timedelta(days=self.age_max_days)

    @property
    def future_tolerance(self) -> timedelta:
        """How far a meter's clock may be ahead."""
        return timedelta(seconds=self.future_tolerance_s)

    @property
    def replica(self) -> str:
        """What this replica is called; its MQTT sessions begin with it."""
        return self.instance_id or "meter-gateway"

    @property
    def broker(self) -> Broker:
        """Where the broker is and how to log in."""
        password = self.mqtt_password
        return Broker(
            host=self.mqtt_host,
            port=self.mqtt_port,
            username=self.mqtt_username,
            password=password.get_secret_value() if password else None,
            ca_file=str(self.mqtt_ca_file) if self.mqtt_ca_file else None,
        )
