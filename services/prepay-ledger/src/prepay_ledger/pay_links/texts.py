"""What the payers' pages say, by language; and which language a browser asks for. Pure."""

from collections.abc import Mapping

from prepay_ledger.pay_links.rules import decimals_of
from prepay_ledger.providers.amounts import decimal_of
from prewatt_common.languages import wanted_language

LANGUAGES: Mapping[str, str] = {"en": "English", "zh-CN": "中文"}
_ENGLISH = {
    "title": "Pay for electricity",
    "account": "Account ending in",
    "an_account": "An electricity account",
    "amount": "How much?",
    "needed": "Needed now",
    "other": "Another amount",
    "from_to": "From {least} to {most}",
    "way": "How would you like to pay?",
    "by": "You pay by",
    "go_on": "Continue to payment",
    "next": "You pay on the next page, at the provider. We see no card number.",
    "wrong_amount": "Choose an amount, or type one from {least} to {most}.",
    "two_amounts": "You chose one amount and typed another. Keep only one.",
    "wrong_way": "Choose how you would like to pay.",
    "declined": "The provider does not take this payment. Try another amount or another way.",
    "silent": "The provider is not answering. Nothing was paid. Try again in a minute.",
    "not_paid": "The provider tells that nothing was paid. Continue, and it is a new payment.",
    "old_form": "This form was used before. Check it and continue: it is a new payment.",
    "too_many": "Too many payments were begun by this link today. Try again tomorrow.",
    "problem": "Something needs your attention",
    "over_title": "This link no longer works",
    "over": "Ask whoever sent it to you for a new one.",
    "unknown_title": "There is no such link",
    "unknown": "Compare it with what you were sent, sign by sign, or ask for a new one.",
    "paid_title": "Paid",
    "paid": "{amount} has come in. Thank you.",
    "paid_other": "Your payment has come in. Thank you.",
    "waiting_title": "Not seen yet",
    "waiting": "We have not been told yet that {amount} was paid. That takes about a minute.",
    "waiting_2": "If you have paid, do not pay again: look again in a moment.",
    "scan_title": "Scan to pay {amount}",
    "scan": "Open WeChat on your phone and scan this code. It can be paid by for two hours.",
    "scan_2": "After you have paid, look again. Do not pay twice.",
    "scan_over": "The code for {amount} is over, and we have not been told that it was paid.",
    "failed_title": "Not paid",
    "failed": "The provider tells that {amount} was not paid. Nothing was taken as far as we know.",
    "look_again": "Look again",
    "pay_more": "Pay another amount",
    "try_again": "Try again",
    "language": "Language",
}
_CHINESE = {
    "title": "交电费",
    "account": "户号尾号",
    "an_account": "用电户",
    "amount": "缴费金额",
    "needed": "目前所需",
    "other": "其他金额",
    "from_to": "{least} 至 {most}",
    "way": "付款方式",
    "by": "付款方式",
    "go_on": "去付款",
    "next": "下一页在支付机构完成付款，我们不会看到您的卡号。",
    "wrong_amount": "请选择金额，或输入 {least} 至 {most} 之间的金额。",
    "two_amounts": "您选择了一个金额，又输入了另一个，请只保留一个。",
    "wrong_way": "请选择付款方式。",
    "declined": "支付机构没有接受这笔付款，请换一个金额或付款方式。",
    "silent": "支付机构没有回应，没有扣款，请一分钟后再试。",
    "not_paid": "支付机构告知没有付款成功。继续后将是一笔新的付款。",
    "old_form": "这张表单已经用过。请核对后继续，这将是一笔新的付款。",
    "too_many": "今天通过此链接发起的付款过多，请明天再试。",
    "problem": "请检查以下内容",
    "over_title": "链接已失效",
    "over": "此链接不能再付款。请向发送人索取新的链接。",
    "unknown_title": "没有这个链接",
    "unknown": "请逐字核对收到的链接，或索取新的链接。",
    "paid_title": "已付款",
    "paid": "{amount} 已到账，谢谢。",
    "paid_other": "您的付款已到账，谢谢。",
    "waiting_title": "尚未收到付款结果",
    "waiting": "我们还没有收到 {amount} 的付款结果，通常需要一分钟。",
    "waiting_2": "如果您已经付款，请不要重复付款，稍后再查看。",
    "scan_title": "扫码支付 {amount}",
    "scan": "请打开手机微信，扫描此二维码完成支付，二维码两小时内有效。",
    "scan_2": "付款后请点击下方查看结果，请勿重复付款。",
    "scan_over": "{amount} 的二维码已失效，我们没有收到付款结果。",
    "failed_title": "未付款",
    "failed": "支付机构告知 {amount} 未付款成功，据我们所知没有扣款。",
    "look_again": "再次查看",
    "pay_more": "再付一笔",
    "try_again": "重试",
    "language": "语言",
}
TEXTS: Mapping[str, Mapping[str, str]] = {"en": _ENGLISH, "zh-CN": _CHINESE}


def language_of(accepted: str) -> str:
    """The first of ours that an ``Accept-Language`` wants most; else English.

    >>> language_of("zh-TW,zh;q=0.9,en;q=0.8"), language_of("de, en;q=0.5"), language_of("")
    ('zh-CN', 'en', 'en')
    """
    return wanted_language(accepted, LANGUAGES) or "en"


def money(micro: int, currency: str, language: str) -> str:
    """As people write it there.

    >>> money(50_000_000, "CNY", "zh-CN"), money(1_234_500_000, "CNY", "en")
    ('50 元', 'CNY 1,234.50')
    """
    plain = decimal_of(micro)
    whole, _, decimals = plain.partition(".")
    decimals = decimals.rstrip("0").ljust(decimals_of(currency), "0")
    part = f".{decimals}" if decimals.strip("0") else ""
    number = f"{int(whole):,}{part}"
    return f"{number} 元" if (language, currency) == ("zh-CN", "CNY") else f"{currency} {number}"
