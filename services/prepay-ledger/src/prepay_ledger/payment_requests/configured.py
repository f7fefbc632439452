"""Providers that can be asked for money, as the settings name them."""

from collections.abc import Collection, Mapping
from secrets import token_hex
from typing import Annotated, ClassVar, Literal, Self, TypeAlias

import httpx
from pydantic import AfterValidator, Field, JsonValue, SecretStr, field_validator, model_validator

from prepay_ledger.payment_requests import template
from prepay_ledger.payment_requests.http_json import HttpRequester
from prepay_ledger.payment_requests.json_peer import JsonPeer
from prepay_ledger.payment_requests.stripe import StripeRequester
from prepay_ledger.payment_requests.values import Requester
from prepay_ledger.payment_requests.wechat_pay import WeChatPayApi
from prepay_ledger.providers.configured import (
    CertificateText,
    FromFile,
    ProviderSettings,
    PublicKeyText,
    StandardSecret,
)
from prepay_ledger.providers.rsa_keys import certificate, private_key, public_key
from prepay_ledger.providers.wechat_pay_signatures import WeChatPayMerchant, WeChatPaySigners
from prewatt_common.clock import utc_now


def _url(text: str) -> str:
    url = httpx.URL(text)
    if url.scheme not in ("https", "http") or not url.host:
        message = "it must be an https or http URL"
        raise ValueError(message)
    return text


def _private_key(secret: SecretStr) -> SecretStr:
    private_key(secret.get_secret_value())
    return secret


Url = Annotated[str, AfterValidator(_url)]
PrivateKeySecret = Annotated[SecretStr, AfterValidator(_private_key), FromFile]
Secret = Annotated[SecretStr, FromFile]
NamesPath = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$")]
"""Names of a JSON document with dots between: ``data.id``."""


class JsonPeerSettings(ProviderSettings):
    """Any provider that takes JSON, whatever it is asked for; where its answers have what we look
    for. ``names``: what may stand in the body."""

    names: ClassVar[Collection[str]] = template.NAMES

    kind: Literal["http-json"]
    url: Url
    headers: dict[str, Secret] = Field(default_factory=dict)
    body: dict[str, JsonValue]
    """With ``{request_id}``, ``{amount}`` and others in place of what is asked."""
    secret: StandardSecret | None = None
    """What requests are signed with, by Standard Webhooks."""
    code: NamesPath = "code"

    @field_validator("body")
    @classmethod
    def _has_places(cls, body: dict[str, JsonValue]) -> dict[str, JsonValue]:
        template.check(body, names=cls.names)
        return body

    def peer(self, client: httpx.AsyncClient) -> JsonPeer:
        """As it is asked."""
        return JsonPeer(
            url=self.url,
            headers={name.lower(): each.get_secret_value() for name, each in self.headers.items()},
            body=self.body,
            secret=self.secret.get_secret_value() if self.secret else None,
            code=tuple(self.code.split(".")),
            client=client,
            clock=utc_now,
        )


class StripeApiSettings(ProviderSettings):
    """An account at Stripe, by a restricted key."""

    kind: Literal["stripe"]
    api_key: Secret
    api_version: str = "2024-06-20"


class HttpRequestsSettings(JsonPeerSettings):
    """Asked for money. ``payment_id``: where its answers have it."""

    payment_id: NamesPath = "payment_id"
    for_good: list[str] = Field(default_factory=list)
    """Codes by which it says that the mandate is gone."""

    def requester(self, client: httpx.AsyncClient) -> Requester:
        """As it is to be used."""
        return HttpRequester(
            peer=self.peer(client),
            payment_id=tuple(self.payment_id.split(".")),
            for_good=frozenset(self.for_good),
        )


class StripeRequestsSettings(StripeApiSettings):
    """``api_key``: may write payment intents only."""

    url: Url = "https://api.stripe.com/v1/payment_intents"

    def requester(self, client: httpx.AsyncClient) -> Requester:
        """As it is to be used."""
        return StripeRequester(
            url=self.url,
            api_key=self.api_key.get_secret_value(),
            api_version=self.api_version,
            client=client,
        )


class WeChatPayApiSettings(ProviderSettings):
    """A merchant at WeChat Pay (API v3). ``private_key`` and ``serial_no``: of the merchant's own
    certificate. ``public_keys`` by their id ``PUB_KEY_ID_...``, and ``certificates``: WeChat Pay's,
    as its webhook has them."""

    merchant_id: Annotated[str, Field(pattern=r"^[0-9]{1,32}$")]
    serial_no: Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{8,64}$")]
    private_key: PrivateKeySecret
    public_keys: dict[str, PublicKeyText] = Field(default_factory=dict)
    certificates: list[CertificateText] = Field(default_factory=list)

    @model_validator(mode="after")
    def _has_a_key(self) -> Self:
        if not (self.public_keys or self.certificates):
            message = "give public_keys or certificates, or no answer could be verified"
            raise ValueError(message)
        return self

    def api(self, client: httpx.AsyncClient) -> WeChatPayApi:
        """As it is to be used."""
        certificates = [certificate(text) for text in self.certificates]
        return WeChatPayApi(
            merchant=WeChatPayMerchant(
                merchant_id=self.merchant_id,
                serial=self.serial_no,
                key=private_key(self.private_key.get_secret_value()),
            ),
            signers=WeChatPaySigners(
                {name: public_key(text) for name, text in self.public_keys.items()},
                {each.serial: each for each in certificates},
            ),
            client=client,
            clock=utc_now,
            nonce=lambda: token_hex(16),
        )


ConfiguredRequester: TypeAlias = Annotated[
    HttpRequestsSettings | StripeRequestsSettings, Field(discriminator="kind")
]
Requesters: TypeAlias = Mapping[str, Requester]
"""By the provider's name, which is its webhook's too."""
