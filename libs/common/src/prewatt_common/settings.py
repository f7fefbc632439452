"""Settings that services share. Each variable is ``PREWATT_`` plus the field's name."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def none_where_empty(value: object) -> object:
    """A validator before others, for settings that may be left out: an empty variable is how
    Compose passes on what nobody has set."""
    return value or None


class ServiceSettings(BaseSettings):
    """What every service needs to know. A service adds its own fields in a subclass."""

    # What is wrong is logged as a service does not start: many settings are secrets, or have some.
    model_config = SettingsConfigDict(
        env_prefix="PREWATT_", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    kafka_bootstrap: str = "localhost:9092"
    """Comma-separated ``host:port``."""
    database_url: SecretStr
    """``postgresql+asyncpg://user:password@host:port/name``; its role owns nothing there."""
    migration_database_url: SecretStr | None = None
    """The same database by the role that owns its tables: for ``migrate`` alone, and not to be
    given to a process that serves."""
    database_pool_size: int = Field(default=8, ge=3, le=100)
    """While Kafka is away the outbox holds two of them: one for each of its lanes."""
    http_host: str = "127.0.0.1"
    http_port: int = Field(ge=1, le=65535)
    trusted_proxy_hops: int = Field(default=0, ge=0, le=10)
    """How many proxies of ours a request passes, each of which adds to X-Forwarded-For from where
    it was called; 0: the header is not looked at. Where there are some and this says none, all who
    come by a proxy share the limits of one address."""
    auth_public_key: str
    """Ed25519 public key (PEM) that bearer tokens are checked with."""
    instance_id: str | None = None
    """Stable name of this replica: a restarted process takes its partitions back at once."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
