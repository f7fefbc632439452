"""Providers as the settings name them. Secrets and keys are lists: old and new overlap while they
are changed. Each may be given as text, or as ``{"file": "/path"}``."""

from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

from prepay_ledger.providers.alipay import Alipay
from prepay_ledger.providers.rsa_keys import certificate, public_key
from prepay_ledger.providers.standard_signatures import secret_keys
from prepay_ledger.providers.standard_webhooks import StandardWebhooks
from prepay_ledger.providers.stripe import Stripe
from prepay_ledger.providers.values import Provider
from prepay_ledger.providers.wechat_pay import API_V3_KEY_BYTES, WeChatPay
from prewatt_common.zone_names import wrong_zone

_STRIPE_SECRET_CHARACTERS_MIN = 16


def _from_file(given: object) -> object:
    """The file's text where ``given`` names one."""
    match given:
        case {"file": str(path)}:
            try:
                return Path(path).read_text(encoding="utf-8").strip()
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or "it is no text"
                message = f"{path} cannot be read: {reason}"
                raise ValueError(message) from error
        case _:
            return given


def _standard_secret(secret: SecretStr) -> SecretStr:
    secret_keys(secret.get_secret_value())
    return secret


def _stripe_secret(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value().strip()) < _STRIPE_SECRET_CHARACTERS_MIN:
        message = f"it is too short: at least {_STRIPE_SECRET_CHARACTERS_MIN} characters are needed"
        raise ValueError(message)
    return secret


def _api_v3_key(key: SecretStr) -> SecretStr:
    if len(key.get_secret_value().encode()) != API_V3_KEY_BYTES:
        message = f"an APIv3 key has {API_V3_KEY_BYTES} bytes"
        raise ValueError(message)
    return key


def _public_key(text: str) -> str:
    public_key(text)
    return text


def _certificate(text: str) -> str:
    certificate(text)
    return text


FromFile = BeforeValidator(_from_file)
StandardSecret = Annotated[SecretStr, AfterValidator(_standard_secret), FromFile]
_StripeSecret = Annotated[SecretStr, AfterValidator(_stripe_secret), FromFile]
_ApiV3Key = Annotated[SecretStr, AfterValidator(_api_v3_key), FromFile]
PublicKeyText = Annotated[str, AfterValidator(_public_key), FromFile]
CertificateText = Annotated[str, AfterValidator(_certificate), FromFile]
_Id = Annotated[str, Field(min_length=1, max_length=64)]


class ProviderSettings(BaseModel):
    """Anything else than its fields is refused: a wrong name would be a key that is not there."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _zone(name: str) -> str:
    if wrong := wrong_zone(name):
        raise ValueError(wrong)
    return name


class Settles(ProviderSettings):
    """The provider's business days, by which its settlement files are: each ends at ``cut_off`` in
    ``zone``; 00:00 is at midnight."""

    zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    cut_off: time = time()


_IN_CHINA = Settles(zone="Asia/Shanghai")


class StandardWebhooksSettings(ProviderSettings):
    """Our own events, signed by Standard Webhooks."""

    settles: Settles = Settles()
    kind: Literal["standard-webhooks"]
    secrets: list[StandardSecret] = Field(min_length=1)
    """Base64 of 16 bytes or more, with or without ``whsec_`` before it and padding after it."""

    def provider(self) -> Provider:
        """As it is to be used."""
        keys = [secret_keys(secret.get_secret_value()) for secret in self.secrets]
        return StandardWebhooks([key for several in keys for key in several])


class StripeSettings(ProviderSettings):
    """An endpoint at Stripe."""

    settles: Settles = Settles()
    kind: Literal["stripe"]
    secrets: list[_StripeSecret] = Field(min_length=1)
    """Signing secrets, ``whsec_...``, as they are printed."""

    def provider(self) -> Provider:
        """As it is to be used."""
        return Stripe([secret.get_secret_value().strip().encode() for secret in self.secrets])


class WeChatPaySettings(ProviderSettings):
    """A merchant at WeChat Pay, by public keys, by platform certificates, or both."""

    settles: Settles = _IN_CHINA
    kind: Literal["wechat-pay"]
    merchant_ids: list[_Id] = Field(min_length=1)
    api_v3_keys: list[_ApiV3Key] = Field(min_length=1)
    public_keys: dict[_Id, PublicKeyText] = {}
    """By their id, ``PUB_KEY_ID_...``."""
    certificates: list[CertificateText] = []

    @model_validator(mode="after")
    def _has_a_key(self) -> "WeChatPaySettings":
        if not (self.public_keys or self.certificates):
            message = "give public_keys or certificates, or nothing could be verified"
            raise ValueError(message)
        return self

    def provider(self) -> Provider:
        """As it is to be used."""
        certificates = [certificate(text) for text in self.certificates]
        return WeChatPay(
            merchant_ids=frozenset(self.merchant_ids),
            api_v3_keys=[key.get_secret_value().encode() for key in self.api_v3_keys],
            public_keys={name: public_key(text) for name, text in self.public_keys.items()},
            certificates={each.serial: each for each in certificates},
        )


class AlipaySettings(ProviderSettings):
    """An app at Alipay."""

    settles: Settles = _IN_CHINA
    kind: Literal["alipay"]
    app_ids: list[_Id] = Field(min_length=1)
    seller_ids: list[_Id] = Field(min_length=1)
    public_keys: list[PublicKeyText] = Field(min_length=1)
    """Alipay's public key of the app: base64 as its console shows it, PEM, or a certificate."""

    def provider(self) -> Provider:
        """As it is to be used."""
        return Alipay(
            app_ids=frozenset(self.app_ids),
            seller_ids=frozenset(self.seller_ids),
            keys=[public_key(text) for text in self.public_keys],
        )


ProviderName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
ConfiguredProvider: TypeAlias = Annotated[
    StandardWebhooksSettings | StripeSettings | WeChatPaySettings | AlipaySettings,
    Field(discriminator="kind"),
]
Providers: TypeAlias = Mapping[str, Provider]
"""By the name in the webhook's path."""
