"""Each service's app as its bootstrap makes it, in this process: only HTTP, none of its workers."""

import asyncio
import importlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from fastapi import FastAPI

from prewatt_common.clock import utc_now
from prewatt_common.http.auth import issue_token

PACKAGES = ("billing", "meter_gateway", "notifier", "prepay_ledger")
SCOPES = [
    *(f"{who}:{what}" for who in ("billing", "gateway", "ledger", "notifier")
      for what in ("read", "write")),
    "billing:hardship",
    "billing:segments",
    "ledger:emergency-credit",
    "ledger:pay-links",
    "ledger:site-codes",
    "ledger:supervise-vends",
    "ledger:vend",
    "notifier:door",
]  # fmt: skip
_KEY = Ed25519PrivateKey.generate()
_PRIVATE = _KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@asynccontextmanager
async def app_of(
    package: str, monkeypatch: pytest.MonkeyPatch, *, database_url: str
) -> AsyncGenerator[FastAPI]:
    """The app of a service, with its database open until the block ends. There is no Kafka."""
    bootstrap = importlib.import_module(f"{package}.bootstrap")
    served: asyncio.Future[FastAPI] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()

    async def serve(*, app: FastAPI, **_: object) -> None:
        served.set_result(app)
        await stop.wait()

    monkeypatch.setattr(bootstrap, "serve", serve)
    public = _KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    monkeypatch.setenv("PREWATT_DATABASE_URL", database_url)
    monkeypatch.setenv("PREWATT_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    monkeypatch.setenv("PREWATT_AUTH_PUBLIC_KEY", public.decode())
    monkeypatch.setenv("PREWATT_COMMAND_SIGNING_KEY", _PRIVATE)
    monkeypatch.setenv("PREWATT_COMMAND_KEY_ID", "test")
    settings = _settings_type(importlib.import_module(f"{package}.settings"))
    running = asyncio.create_task(bootstrap.run(settings()))
    await asyncio.wait({running, served}, return_when=asyncio.FIRST_COMPLETED)
    if not served.done():
        await running
    try:
        yield served.result()
    finally:
        stop.set()
        await running


def token(*scopes: str) -> dict[str, str]:
    """A header that the apps take."""
    issued = issue_token(
        private_key_pem=_PRIVATE,
        subject="test",
        scopes=scopes,
        now=utc_now(),
        lifetime=timedelta(hours=1),
    )
    return {"authorization": f"Bearer {issued}"}


def _settings_type(module: Any) -> Any:
    """The one that is made there; what it is put together from is imported."""
    (found,) = (
        each
        for name, each in vars(module).items()
        if name.endswith("Settings") and each.__module__ == module.__name__
    )
    return found
