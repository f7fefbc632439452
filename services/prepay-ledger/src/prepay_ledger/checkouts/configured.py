"""Providers at whose pages payers pay, as the settings name them."""

import re
from collections.abc import Collection, Mapping
from typing import Annotated, ClassVar, Literal, TypeAlias

import httpx
from pydantic import AfterValidator, Field

from prepay_ledger.checkouts.alipay import AlipayCheckout
from prepay_ledger.checkouts.http_json import NAMES, HttpCheckout
from prepay_ledger.checkouts.page_url import origin_of
from prepay_ledger.checkouts.stripe import StripeCheckout
from prepay_ledger.checkouts.values import Checkout
from prepay_ledger.checkouts.wechat_pay import WeChatPayCheckout
from prepay_ledger.payment_requests.configured import (
    JsonPeerSettings,
    NamesPath,
    PrivateKeySecret,
    StripeApiSettings,
    Url,
    WeChatPayApiSettings,
)
from prepay_ledger.providers.configured import (
    AlipaySettings,
    ConfiguredProvider,
    ProviderSettings,
    StandardWebhooksSettings,
    WeChatPaySettings,
)
from prepay_ledger.providers.rsa_keys import private_key

_HOST = re.compile(r"(https?://)?(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[0-9]{1,5})?/?")


def _origin(text: str) -> str:
    """Plain http only where provider and payer are this machine: for development."""
    if not _HOST.fullmatch(text):
        message = "name a host alone, as in pay.example"
        raise ValueError(message)
    scheme, _, host = text.rstrip("/").rpartition("://")
    url = httpx.URL(f"{scheme or 'https'}://{host.removeprefix('*.')}")
    is_here = url.host in ("localhost", "127.0.0.1")
    if url.scheme != "https" and not is_here:
        message = "payers are sent to pages by https only"
        raise ValueError(message)
    if host.startswith("*."):
        return origin_of(url).replace("://", "://*.")
    return origin_of(url)


_Origin = Annotated[str, AfterValidator(_origin)]
_Label = Annotated[str, Field(min_length=1, max_length=40)]
_Labels = dict[Literal["en", "zh-CN"], _Label]


class HttpCheckoutSettings(JsonPeerSettings):
    """Asked for a page. ``page``: where its answers have it."""

    names: ClassVar[Collection[str]] = NAMES

    page_hosts: list[_Origin] = Field(min_length=1)
    """Where its pages are; and where those lead on to by a redirect, which browsers hold a form
    to: ``*.wallet.example``."""
    labels: _Labels = Field(min_length=2)
    """What payers know it by."""
    page: NamesPath = "url"

    def checkout(self, client: httpx.AsyncClient) -> Checkout:
        """As it is to be used."""
        return HttpCheckout(
            peer=self.peer(client),
            page=tuple(self.page.split(".")),
            labels={**self.labels},
            page_origins=tuple(self.page_hosts),
        )


class StripeCheckoutSettings(StripeApiSettings):
    """``api_key``: may write Checkout Sessions only."""

    url: Url = "https://api.stripe.com/v1/checkout/sessions"
    page_hosts: list[_Origin] = Field(default=["https://checkout.stripe.com"], min_length=1)
    """Another one where you have a domain of your own there."""
    labels: _Labels = Field(default={"en": "Card", "zh-CN": "银行卡"}, min_length=2)

    def checkout(self, client: httpx.AsyncClient) -> Checkout:
        """As it is to be used."""
        return StripeCheckout(
            url=self.url,
            api_key=self.api_key.get_secret_value(),
            api_version=self.api_version,
            labels={**self.labels},
            page_origins=tuple(self.page_hosts),
            client=client,
        )


class AlipayCheckoutSettings(ProviderSettings):
    """An app at Alipay, for yuan alone. ``private_key``: the app's own, as Alipay's tool writes it.
    ``notify_url``: our webhook, as Alipay reaches it."""

    kind: Literal["alipay"]
    app_id: Annotated[str, Field(min_length=1, max_length=64)]
    private_key: PrivateKeySecret
    product: Literal["wap", "page"] = "wap"
    """``wap`` for phones, which computers show too; ``page`` for computers."""
    notify_url: Url
    url: Url = "https://openapi.alipay.com/gateway.do"
    page_hosts: list[_Origin] = Field(
        default=["https://openapi.alipay.com", "https://*.alipay.com"], min_length=1
    )
    labels: _Labels = Field(default={"en": "Alipay", "zh-CN": "支付宝"}, min_length=2)

    def checkout(self, client: httpx.AsyncClient) -> Checkout:  # noqa: ARG002
        """As it is to be used."""
        return AlipayCheckout(
            url=self.url,
            app_id=self.app_id,
            key=private_key(self.private_key.get_secret_value()),
            product=self.product,
            notify_url=self.notify_url,
            labels={**self.labels},
            page_origins=tuple(self.page_hosts),
        )


class WeChatPayCheckoutSettings(WeChatPayApiSettings):
    """A merchant at WeChat Pay (API v3), for yuan alone. ``notify_url``: our webhook."""

    kind: Literal["wechat-pay"]
    app_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    product: Literal["native", "h5"] = "native"
    """``native``: a code that the payer scans; ``h5``: a page that opens WeChat on the payer's
    phone, at which the host of ``PREWATT_PUBLIC_BASE_URL`` has to be registered."""
    notify_url: Url
    url: Url = "https://api.mch.weixin.qq.com/v3/pay/transactions/"
    """Before the product's name."""
    page_hosts: list[_Origin] = Field(default=["https://wx.tenpay.com"], min_length=1)
    """Of ``h5``."""
    labels: _Labels = Field(default={"en": "WeChat Pay", "zh-CN": "微信支付"}, min_length=2)

    def checkout(self, client: httpx.AsyncClient) -> Checkout:
        """As it is to be used."""
        return WeChatPayCheckout(
            url=f"{self.url.removesuffix('/')}/{self.product}",
            product=self.product,
            app_id=self.app_id,
            api=self.api(client),
            notify_url=self.notify_url,
            labels={**self.labels},
            page_origins=tuple(self.page_hosts) if self.product == "h5" else (),
        )


ConfiguredCheckout: TypeAlias = Annotated[
    HttpCheckoutSettings
    | StripeCheckoutSettings
    | AlipayCheckoutSettings
    | WeChatPayCheckoutSettings,
    Field(discriminator="kind"),
]
Checkouts: TypeAlias = Mapping[str, Checkout]
"""By the provider's name, which is its webhook's too; payers see them in this order."""


def misheard(checkout: ConfiguredCheckout, provider: ConfiguredProvider) -> str | None:
    """Why what is paid at the checkout's page would be refused by the webhook ``provider`` of the
    same name, as a stranger's. None where it would not, or where one of both does not say whose it
    is: Stripe's name no account, and a checkout of yours, or a webhook of yours, may stand between.
    """
    match checkout, provider:
        case AlipayCheckoutSettings(app_id=asked), AlipaySettings(app_ids=heard):
            named = f"app_id {asked} is not among its webhook's app_ids"
        case WeChatPayCheckoutSettings(merchant_id=asked), WeChatPaySettings(merchant_ids=heard):
            named = f"merchant_id {asked} is not among its webhook's merchant_ids"
        case (HttpCheckoutSettings(), _) | (_, StandardWebhooksSettings()):
            return None
        case _:
            asked, heard = checkout.kind, [provider.kind]
            named = f"it is of kind {asked}, and its webhook of kind {provider.kind}"
    return None if asked in heard else named
