"""Payment providers as they call: keys of theirs, and signatures made by their own libraries."""

import base64
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from alipay import AliPay
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from ledger_signer import made_key
from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook
from stripe import WebhookSignature
from wechatpayv3.utils import rsa_sign

from prepay_ledger.settings import LedgerSettings
from prewatt_common.clock import utc_now

STANDARD_SECRETS = ["whsec_" + base64.b64encode(text).decode() for text in (b"n" * 24, b"o" * 24)]
STRIPE_SECRETS = ["whsec_new_secret_of_stripe", "whsec_old_secret_of_stripe"]
API_V3_KEYS = ["new-APIv3-key-of-32-bytes-123456", "old-APIv3-key-of-32-bytes-123456"]
PUBLIC_KEY_IDS = ["PUB_KEY_ID_0114232134912410000000000000", "PUB_KEY_ID_OLD"]
MERCHANT_ID, APP_ID, SELLER_ID = "1900000109", "2014072300007148", "2088101106499364"


class Call(NamedTuple):
    """A webhook call. ``headers`` in lower case."""

    headers: dict[str, str]
    body: bytes


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    """A key pair of that name, made once."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_pem(name: str) -> str:
    """What is published of it."""
    pem = key(name).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem.decode()


def private_pem(name: str) -> str:
    """What the provider keeps."""
    pem = key(name).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem.decode()


def bare(pem: str) -> str:
    """As Alipay's console shows a key: its base64 alone."""
    return "".join(line for line in pem.splitlines() if "-----" not in line)


@cache
def certificate(name: str, *, days: int = 365) -> tuple[str, str]:
    """A certificate of that key, PEM, and its serial in hexadecimal."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Tenpay.com")])
    now = utc_now()
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key(name).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=days))
        .sign(key(name), hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode(), f"{made.serial_number:X}"


@cache
def settings_documents() -> dict[str, Any]:
    """One provider of each kind, each with a new and an old secret or key."""
    return {
        "demo": {"kind": "standard-webhooks", "secrets": STANDARD_SECRETS},
        "cards": {"kind": "stripe", "secrets": STRIPE_SECRETS},
        "wechat": {
            "kind": "wechat-pay",
            "merchant_ids": [MERCHANT_ID],
            "api_v3_keys": API_V3_KEYS,
            "public_keys": {
                PUBLIC_KEY_IDS[0]: public_pem("wechat new"),
                PUBLIC_KEY_IDS[1]: public_pem("wechat old"),
            },
            "certificates": [
                certificate("wechat platform")[0],
                certificate("wechat past", days=-1)[0],
            ],
        },
        "alipay": {
            "kind": "alipay",
            "app_ids": [APP_ID],
            "seller_ids": [SELLER_ID],
            "public_keys": [bare(public_pem("alipay new")), public_pem("alipay old")],
        },
    }  # fmt: skip


def ledger_settings(providers: dict[str, Any] | None = None, **more: Any) -> LedgerSettings:
    """The ledger's settings with these providers, or one of each kind."""
    return LedgerSettings(
        database_url=SecretStr("postgresql+asyncpg://u:p@localhost/x"),
        auth_public_key="x",
        command_signing_key=SecretStr(made_key()),
        command_key_id="test",
        payment_providers=settings_documents() if providers is None else providers,
        **more,
    )


def standard_call(
    event: dict[str, Any], *, secret: str = STANDARD_SECRETS[0], at: datetime | None = None
) -> Call:
    """By the reference library; the event's ``id`` goes into the header."""
    body, at = json.dumps(event).encode(), at or utc_now()
    event_id = event.get("id", "evt_1")
    return Call(
        {
            "webhook-id": event_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(secret).sign(event_id, at, body.decode()),
        },
        body,
    )


def stripe_call(
    event: dict[str, Any], *, secret: str = STRIPE_SECRETS[0], at: datetime | None = None
) -> Call:
    """By Stripe's library."""
    text, at = json.dumps(event, indent=2), at or utc_now()
    signed = WebhookSignature.generate_signature_header(text, secret, int(at.timestamp()))
    return Call({"stripe-signature": signed}, text.encode())


def stripe_event(kind: str, event_id: str = "evt_1", /, **fields: Any) -> dict[str, Any]:
    """An event about an object with these fields."""
    return {
        "id": event_id,
        "object": "event",
        "type": kind,
        "created": 1_790_000_000,
        "livemode": True,
        "data": {"object": fields},
    }


def sealed(
    resource: Any,
    *,
    kind: str = "TRANSACTION.SUCCESS",
    event_id: str = "EV-1",
    api_v3_key: str = API_V3_KEYS[0],
) -> bytes:
    """A notice's body with its resource encrypted."""
    nonce, associated = base64.b64encode(b"nine byte")[:12].decode(), "transaction"
    plain = resource if isinstance(resource, bytes) else json.dumps(resource).encode()
    secret = AESGCM(api_v3_key.encode()).encrypt(nonce.encode(), plain, associated.encode())
    return json.dumps(
        {
            "id": event_id,
            "create_time": "2026-11-28T17:30:00+08:00",
            "event_type": kind,
            "resource_type": "encrypt-resource",
            "summary": "支付成功",
            "resource": {
                "original_type": "transaction",
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": base64.b64encode(secret).decode(),
                "associated_data": associated,
                "nonce": nonce,
            },
        },
        ensure_ascii=False,
    ).encode()


def wechat_call(
    body: bytes,
    *,
    by: str = "wechat new",
    serial: str = PUBLIC_KEY_IDS[0],
    at: datetime | None = None,
) -> Call:
    """Signed by wechatpayv3's function, which takes text."""
    timestamp, nonce = str(int((at or utc_now()).timestamp())), "EBU6jYlHBXNSVrWKtVlbp7HAnVwS4jWo"
    return Call(
        {
            "wechatpay-serial": serial,
            "wechatpay-timestamp": timestamp,
            "wechatpay-nonce": nonce,
            "wechatpay-signature": rsa_sign(key(by), f"{timestamp}\n{nonce}\n{body.decode()}\n"),
            "wechatpay-signature-type": "WECHATPAY2-SHA256-RSA2048",
        },
        body,
    )


def transaction(**fields: Any) -> dict[str, Any]:
    """What a payment's notice holds when it is open."""
    return {
        "mchid": MERCHANT_ID,
        "appid": "wxd678efh567hg6787",
        "out_trade_no": "1001_20261128",
        "transaction_id": "1217752501201407033233368018",
        "trade_type": "JSAPI",
        "trade_state": "SUCCESS",
        "attach": "",
        "success_time": "2026-11-28T17:30:00+08:00",
        "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
        "amount": {"total": 1250, "payer_total": 1000, "currency": "CNY", "payer_currency": "CNY"},
    } | fields


def notice(*, at: datetime | None = None, **fields: str) -> dict[str, str]:
    """An Alipay notice's parameters, without its signature."""
    sent = (at or utc_now()).astimezone(UTC) + timedelta(hours=8)
    return {
        "app_id": APP_ID,
        "buyer_id": "2088102122524333",
        "charset": "utf-8",
        "gmt_payment": "2026-11-28 17:30:00",
        "notify_id": "ac05099524730693a8b330c5ecf72da9786",
        "notify_time": sent.strftime("%Y-%m-%d %H:%M:%S"),
        "notify_type": "trade_status_sync",
        "out_trade_no": "1001_20261128",
        "seller_id": SELLER_ID,
        "subject": "电费 & 更多 +=%",
        "total_amount": "12.50",
        "trade_no": "2026112822001404330000121536",
        "trade_status": "TRADE_SUCCESS",
        "version": "1.0",
    } | fields


def alipay_call(parameters: dict[str, str], *, by: str = "alipay new") -> Call:
    """By python-alipay-sdk."""
    library = AliPay(
        appid=APP_ID,
        app_private_key_string=private_pem(by),
        alipay_public_key_string=public_pem(by),
        sign_type="RSA2",
    )
    body = library.sign_data(dict(parameters)) + "&sign_type=RSA2"
    return Call({"content-type": "application/x-www-form-urlencoded"}, body.encode())
