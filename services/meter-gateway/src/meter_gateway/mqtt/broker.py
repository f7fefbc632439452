"""Where the broker is and how to log in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """``ca_file``: with it the connection is TLS, and the certificate must hold under it."""

    host: str
    port: int
    username: str | None
    password: str | None
    ca_file: str | None

    @property
    def name(self) -> str:
        """What metrics and messages call it."""
        return f"{self.host}:{self.port}"
