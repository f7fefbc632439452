"""Providers that can be asked to give money back, as the settings name them."""

from collections.abc import Collection
from typing import Annotated, ClassVar, Literal, TypeAlias

import httpx
from pydantic import Field

from prepay_ledger.payment_requests.configured import (
    JsonPeerSettings,
    NamesPath,
    PrivateKeySecret,
    StripeApiSettings,
    Url,
    WeChatPayApiSettings,
)
from prepay_ledger.providers.configured import ProviderSettings, PublicKeyText
from prepay_ledger.providers.rsa_keys import private_key, public_key
from prepay_ledger.refunders.alipay import AlipayRefunder
from prepay_ledger.refunders.http_json import NAMES, HttpRefunder
from prepay_ledger.refunders.stripe import StripeRefunder
from prepay_ledger.refunders.values import Refunder
from prepay_ledger.refunders.wechat_pay import WeChatPayRefunder
from prewatt_common.clock import utc_now


class HttpRefunderSettings(JsonPeerSettings):
    """Asked to give back. ``movement_id``: where its answers have it."""

    names: ClassVar[Collection[str]] = NAMES

    movement_id: NamesPath = "movement_id"

    def refunder(self, client: httpx.AsyncClient) -> Refunder:
        """As it is to be used."""
        return HttpRefunder(peer=self.peer(client), movement_id=tuple(self.movement_id.split(".")))


class StripeRefunderSettings(StripeApiSettings):
    """``api_key``: may write refunds only."""

    url: Url = "https://api.stripe.com/v1/refunds"

    def refunder(self, client: httpx.AsyncClient) -> Refunder:
        """As it is to be used."""
        return StripeRefunder(
            url=self.url,
            api_key=self.api_key.get_secret_value(),
            api_version=self.api_version,
            client=client,
        )


class AlipayRefunderSettings(ProviderSettings):
    """An app at Alipay, for yuan alone. ``private_key``: the app's own, as Alipay's tool writes it.
    ``public_keys``: Alipay's, as its webhook has them."""

    kind: Literal["alipay"]
    app_id: Annotated[str, Field(min_length=1, max_length=64)]
    private_key: PrivateKeySecret
    public_keys: list[PublicKeyText] = Field(min_length=1)
    url: Url = "https://openapi.alipay.com/gateway.do"

    def refunder(self, client: httpx.AsyncClient) -> Refunder:
        """As it is to be used."""
        return AlipayRefunder(
            url=self.url,
            app_id=self.app_id,
            key=private_key(self.private_key.get_secret_value()),
            alipay_keys=[public_key(text) for text in self.public_keys],
            client=client,
            clock=utc_now,
        )


class WeChatPayRefunderSettings(WeChatPayApiSettings):
    """A merchant at WeChat Pay (API v3), for yuan alone. ``notify_url``: our webhook."""

    kind: Literal["wechat-pay"]
    notify_url: Url
    url: Url = "https://api.mch.weixin.qq.com/v3/refund/domestic/refunds"

    def refunder(self, client: httpx.AsyncClient) -> Refunder:
        """As it is to be used."""
        return WeChatPayRefunder(url=self.url, api=self.api(client), notify_url=self.notify_url)


ConfiguredRefunder: TypeAlias = Annotated[
    HttpRefunderSettings
    | StripeRefunderSettings
    | AlipayRefunderSettings
    | WeChatPayRefunderSettings,
    Field(discriminator="kind"),
]
