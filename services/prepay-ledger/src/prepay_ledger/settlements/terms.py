"""How each provider settles, by its settings."""

from zoneinfo import ZoneInfo

from prepay_ledger.providers.configured import (
    AlipaySettings,
    ConfiguredProvider,
    StandardWebhooksSettings,
    StripeSettings,
    WeChatPaySettings,
)
from prepay_ledger.settlement_files.values import FileFormat, SettledDays
from prepay_ledger.settlements.values import Terms


def terms_of(settings: ConfiguredProvider) -> Terms:
    """As its files are to be read."""
    days = SettledDays(zone=ZoneInfo(settings.settles.zone), cut_off=settings.settles.cut_off)
    match settings:
        case StripeSettings():
            return Terms(format=FileFormat.STRIPE, days=days)
        case WeChatPaySettings():
            merchants = frozenset(settings.merchant_ids)
            return Terms(format=FileFormat.WECHAT_PAY, days=days, merchants=merchants)
        case AlipaySettings():
            merchants = frozenset(settings.seller_ids)
            return Terms(format=FileFormat.ALIPAY, days=days, merchants=merchants)
        case StandardWebhooksSettings():
            return Terms(format=FileFormat.CSV, days=days)
