"""The four services' environments: ports, databases and keys of the stack they run on."""

import base64
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from prewatt_devstack.endpoints import Endpoints, write_private
from prewatt_devstack.ports import HOST

SERVICES = ("meter-gateway", "prepay-ledger", "notifier", "billing")
COMMAND_KEY_ID = "dev-1"
NEXT_COMMAND_KEY_ID = "dev-2"
"""Meters know nothing of it until `prewatt keys roll`."""
WEBHOOK_PROVIDER = "demo"


@dataclass(frozen=True, slots=True)
class Keys:
    """The stack's own keys, made once: PEMs, the webhook's secret, and in base64 what the secrets
    of meters' reconnection codes come from."""

    auth_private: str
    auth_public: str
    command_private: str
    command_public: str
    next_command_private: str
    webhook_secret: str
    site_code_master: str
    receipt_private: str


def load_or_make_keys(state_dir: Path) -> Keys:
    """Keys of ``state_dir``; ``auth_private.pem`` is what ``prewatt token`` signs with."""
    auth_private, auth_public = _key_pair(state_dir / "auth_private.pem")
    command_private, command_public = _key_pair(state_dir / "command_private.pem")
    next_command_private, _ = _key_pair(state_dir / "next_command_private.pem")
    receipt_private, _ = _key_pair(state_dir / "receipt_private.pem")
    secret_file = state_dir / "webhook_secret"
    if not secret_file.exists():
        write_private(
            secret_file, "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode("ascii")
        )
    master_file = state_dir / "site_code_master"
    if not master_file.exists():
        write_private(master_file, base64.b64encode(secrets.token_bytes(32)).decode("ascii"))
    return Keys(
        auth_private=auth_private,
        auth_public=auth_public,
        command_private=command_private,
        command_public=command_public,
        next_command_private=next_command_private,
        webhook_secret=secret_file.read_text(encoding="ascii"),
        receipt_private=receipt_private,
        site_code_master=master_file.read_text(encoding="ascii"),
    )


def _key_pair(file: Path) -> tuple[str, str]:
    if not file.exists():
        fresh = Ed25519PrivateKey.generate()
        pem = fresh.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_private(file, pem.decode("ascii"))
    private = file.read_text(encoding="ascii")
    key = load_pem_private_key(private.encode(), None)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private, public.decode("ascii")


def environment(
    service: str, *, state_dir: Path, endpoints: Endpoints, keys: Keys, extra: dict[str, str]
) -> dict[str, str]:
    """The ``PREWATT_*`` variables of one service. ``extra`` goes over them."""
    common = {
        "PREWATT_KAFKA_BOOTSTRAP": endpoints.kafka_bootstrap,
        "PREWATT_DATABASE_URL": endpoints.service_database_url(service.replace("-", "_")),
        "PREWATT_HTTP_HOST": HOST,
        "PREWATT_HTTP_PORT": str(endpoints.service_ports[service]),
        "PREWATT_AUTH_PUBLIC_KEY": keys.auth_public,
        "PREWATT_INSTANCE_ID": f"{service}-1",
    }
    own: dict[str, dict[str, str]] = {
        "meter-gateway": {
            "PREWATT_MQTT_HOST": endpoints.mqtt_host,
            "PREWATT_MQTT_PORT": str(endpoints.mqtt_port),
            "PREWATT_MQTT_USERNAME": endpoints.mqtt_gateway_username,
            "PREWATT_MQTT_PASSWORD": endpoints.mqtt_gateway_password,
        },
        "prepay-ledger": {
            "PREWATT_PAYMENT_PROVIDERS": json.dumps(
                {WEBHOOK_PROVIDER: {"kind": "standard-webhooks", "secrets": [keys.webhook_secret]}}
            ),
            "PREWATT_COMMAND_SIGNING_KEY": keys.command_private,
            "PREWATT_COMMAND_KEY_ID": COMMAND_KEY_ID,
            "PREWATT_SECOND_PERSON_ABOVE_MICRO": str(10_000 * 10**6),
            "PREWATT_SITE_CODE_MASTERS": json.dumps({COMMAND_KEY_ID: keys.site_code_master}),
            "PREWATT_RECEIPT_KEYS": json.dumps({COMMAND_KEY_ID: keys.receipt_private}),
            "PREWATT_NEXT_COMMAND_SIGNING_KEY": keys.next_command_private,
            "PREWATT_NEXT_COMMAND_KEY_ID": NEXT_COMMAND_KEY_ID,
        },
        "notifier": {"PREWATT_WEBHOOK_SECRET": keys.webhook_secret},
        # A file a minute is soon there to be looked at.
        "billing": {
            "PREWATT_ARCHIVE_URL": str(state_dir / "archive"),
            "PREWATT_ARCHIVE_EVERY_S": "60",
        },
    }
    return common | own.get(service, {}) | extra


def process_environment(variables: dict[str, str]) -> dict[str, str]:
    """``variables`` over what the shell has, less its own ``PREWATT_*``."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PREWATT_")}
    return inherited | variables
