"""A receipt as text for a roll of 80 mm: pure. A Chinese character takes two columns."""

import unicodedata
from collections.abc import Mapping, Sequence
from enum import StrEnum

from prepay_ledger.providers.amounts import decimal_of
from prepay_ledger.vending.rules import parts_of
from prepay_ledger.vending.values import Vend

COLUMNS = 42


class Language(StrEnum):
    """What receipts are printed in."""

    ENGLISH = "en"
    CHINESE = "zh-CN"


_WORDS: Mapping[Language, Mapping[str, str]] = {
    Language.ENGLISH: {
        "title": "ELECTRICITY RECEIPT",
        "void": "*** VOID ***",
        "account": "Account",
        "time": "Time",
        "receipt": "Receipt",
        "sale": "Sale",
        "by": "Served by",
        "cash": "Cash",
        "card": "Card",
        "transfer": "Transfer",
        "cheque": "Cheque",
        "debts": "to debts",
        "made_good": "to use below zero",
        "added": "to balance",
        "balance": "Balance",
        "left": "May be used until the cut",
        "owed": "Still owed apart",
        "void_by": "Void by",
        "why": "Because",
        "thanks": "Keep this receipt.",
    },
    Language.CHINESE: {
        "title": "电费缴费凭证",
        "void": "*** 已作废 ***",
        "account": "户号",
        "time": "时间",
        "receipt": "凭证号",
        "sale": "流水号",
        "by": "收费员",
        "cash": "现金",
        "card": "刷卡",
        "transfer": "转账",
        "cheque": "支票",
        "debts": "其中:偿还欠费",
        "made_good": "其中:归还透支",
        "added": "其中:计入余额",
        "balance": "余额",
        "left": "停电前可用",
        "owed": "另欠",
        "void_by": "作废人",
        "why": "原因",
        "thanks": "请妥善保管凭证",
    },
}


def receipt_text(vend: Vend, *, local_time: str, language: Language) -> str:
    """What the customer takes home. ``local_time``: of the sale, in the utility's zone."""
    words = _WORDS[language]
    parts, order = parts_of(vend), vend.order
    rule = "-" * COLUMNS

    def money(micro: int) -> str:
        return f"{decimal_of(micro)} {vend.currency}"

    lines = [centred(vend.vendor_name), centred(words["title"])]
    if vend.void is not None:
        lines.append(centred(words["void"]))
    lines += [
        rule,
        *pair(words["account"], order.account_number),
        *pair(words["time"], local_time),
        *pair(words["by"], vend.sold_by),
        *pair(words["sale"], order.reference or order.key),
        rule,
        *pair(words[order.tender], money(order.amount_micro)),
    ]
    for name, micro in (
        ("debts", parts.debts_micro),
        ("made_good", parts.made_good_micro),
        ("added", parts.added_micro),
    ):
        if micro:
            lines += pair(f"  {words[name]}", money(micro))
    lines += [rule, *pair(words["balance"], money(vend.balance_micro))]
    if vend.credit_micro:
        lines += pair(words["left"], money(vend.balance_micro + vend.credit_micro))
    if vend.owed_micro:
        lines += pair(words["owed"], money(vend.owed_micro))
    if vend.void is not None:
        lines += [
            rule,
            centred(words["void"]),
            *pair(words["void_by"], vend.void.who),
            *pair(words["why"], vend.void.reason),
            *pair(words["balance"], money(vend.void.balance_micro)),
        ]
    lines += [rule, *pair(words["receipt"], ""), f"  {vend.id}", centred(words["thanks"])]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def width(text: str) -> int:
    """Columns on the roll: two for a wide character, none for what is drawn over another.

    >>> width("余额 5"), width("a")
    (6, 1)
    """
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1
        for each in text
    )


def pair(name: str, value: str) -> Sequence[str]:
    """A name to the left and a value to the right; on lines of its own where both do not fit."""
    space = COLUMNS - width(name) - width(value)
    if space >= 1:
        return [name + " " * space + value]
    return [name, *(" " * (COLUMNS - width(each)) + each for each in wrapped(value))]


def wrapped(text: str) -> Sequence[str]:
    """Pieces of at most `COLUMNS`, cut where they are full: numbers and Chinese have no spaces."""
    pieces = [""]
    for each in text:
        if width(pieces[-1] + each) > COLUMNS:
            pieces.append("")
        pieces[-1] += each
    return pieces


def centred(text: str) -> str:
    """In the middle of its lines."""
    return "\n".join(" " * ((COLUMNS - width(each)) // 2) + each for each in wrapped(text))
