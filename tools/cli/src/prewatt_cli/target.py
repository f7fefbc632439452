"""Which Prewatt a command speaks to: the environment's, else the local stack that is up."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import httpx
import typer

from prewatt_common.http.auth import issue_token

SERVICES = {
    "meter-gateway": "PREWATT_GATEWAY_URL",
    "prepay-ledger": "PREWATT_LEDGER_URL",
    "notifier": "PREWATT_NOTIFIER_URL",
    "billing": "PREWATT_BILLING_URL",
}
_SCOPES = {
    "meter-gateway": "gateway",
    "prepay-ledger": "ledger",
    "notifier": "notifier",
    "billing": "billing",
}
_HTTP_TIMEOUT_S = 120

DEFAULT_STATE_DIR = Path(".state/dev")
StateDir = Annotated[
    Path, typer.Option(envvar="PREWATT_STATE_DIR", help="State of the local stack to speak to.")
]


class NoTarget(Exception):
    """It is not known where Prewatt is; the message says what to set."""


@dataclass(frozen=True, slots=True)
class Target:
    """Addresses and keys of one Prewatt."""

    urls: dict[str, str]
    auth_private_key: str | None
    webhook_secrets: dict[str, str]

    def url(self, service: str) -> str:
        """The base URL of a service. Raises `NoTarget`."""
        try:
            return self.urls[service]
        except KeyError:
            message = f"set {SERVICES[service]}, or start a local stack with `make up`"
            raise NoTarget(message) from None

    def token(self, *, scopes: list[str], lifetime: timedelta, subject: str) -> str:
        """A signed development token. Raises `NoTarget` without a key."""
        if self.auth_private_key is None:
            message = "set PREWATT_AUTH_PRIVATE_KEY_FILE to an Ed25519 key (PEM), or `make up`"
            raise NoTarget(message)
        return issue_token(
            private_key_pem=self.auth_private_key,
            subject=subject,
            scopes=scopes,
            now=datetime.now(UTC),
            lifetime=lifetime,
        )

    def client(
        self,
        service: str,
        *,
        subject: str = "prewatt-cli",
        also: Sequence[str] = (),
        only: Sequence[str] = ("read", "write"),
    ) -> httpx.Client:
        """An HTTP client that may read and write at ``service``, or ``only`` that, and what
        ``also`` says, in the name of ``subject``."""
        scope = _SCOPES[service]
        token = self.token(
            scopes=[f"{scope}:{right}" for right in (*only, *also)],
            lifetime=timedelta(hours=1),
            subject=subject,
        )
        return httpx.Client(
            base_url=self.url(service),
            headers={"authorization": f"Bearer {token}"},
            timeout=_HTTP_TIMEOUT_S,
        )


def find_target(*, state_dir: Path) -> Target:
    """From ``PREWATT_*_URL``, ``PREWATT_AUTH_PRIVATE_KEY_FILE`` and ``PREWATT_PAYMENT_PROVIDERS``;
    what is not set comes from the stack whose state is in ``state_dir``, if there is one."""
    urls, key, secrets = _from_stack(state_dir)
    urls |= {name: os.environ[var] for name, var in SERVICES.items() if var in os.environ}
    key_file = os.environ.get("PREWATT_AUTH_PRIVATE_KEY_FILE")
    try:
        if key_file:
            key = Path(key_file).read_text(encoding="ascii")
        if "PREWATT_PAYMENT_PROVIDERS" in os.environ:
            secrets = _secrets(os.environ["PREWATT_PAYMENT_PROVIDERS"])
    except (OSError, ValueError) as error:
        message = f"a key or secret could not be read: {error}"
        raise NoTarget(message) from error
    return Target(urls, key, secrets)


def environments_of(state_dir: Path) -> dict[str, dict[str, str]]:
    """What each service of the local stack is started with; empty where there is no stack."""
    services = state_dir / "services.json"
    return json.loads(services.read_text(encoding="utf-8")) if services.exists() else {}


def _from_stack(state_dir: Path) -> tuple[dict[str, str], str | None, dict[str, str]]:
    environments = environments_of(state_dir)
    key_file = state_dir / "auth_private.pem"
    if not (environments and key_file.exists()):
        return {}, None, {}
    urls = {
        name: f"http://{env['PREWATT_HTTP_HOST']}:{env['PREWATT_HTTP_PORT']}"
        for name, env in environments.items()
    }
    secrets = _secrets(environments["prepay-ledger"]["PREWATT_PAYMENT_PROVIDERS"])
    return urls, key_file.read_text(encoding="ascii"), secrets


def _secrets(providers: str) -> dict[str, str]:
    """Those of Standard Webhooks, the newest of each: what we can pay by. Raises OSError or
    ValueError."""
    secrets: dict[str, str] = {}
    try:
        for name, provider in json.loads(providers).items():
            if provider["kind"] == "standard-webhooks":
                newest = provider["secrets"][0]
                given_as_text = isinstance(newest, str)
                secrets[name] = newest if given_as_text else Path(newest["file"]).read_text("utf-8")
    except (AttributeError, LookupError, TypeError) as error:
        message = "PREWATT_PAYMENT_PROVIDERS names no providers with kind and secrets"
        raise ValueError(message) from error
    return secrets
