"""The receipt of a sale as a slip: pure."""

from collections.abc import Mapping

from prepay_ledger.paper.values import Block, Language, Line, Slip, Weight
from prepay_ledger.providers.amounts import decimal_of
from prepay_ledger.vending.rules import parts_of
from prepay_ledger.vending.values import Vend

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


def vend_slip(vend: Vend, *, local_time: str, language: Language) -> Slip:
    """What the customer takes home. ``local_time``: of the sale, in the utility's zone."""
    words = _WORDS[language]
    parts, order = parts_of(vend), vend.order

    def money(micro: int) -> str:
        return f"{decimal_of(micro)} {vend.currency}"

    went = [
        Line(words[name], money(micro), Weight.PART)
        for name, micro in (
            ("debts", parts.debts_micro),
            ("made_good", parts.made_good_micro),
            ("added", parts.added_micro),
        )
        if micro
    ]
    left = [Line(words["balance"], money(vend.balance_micro))]
    if vend.credit_micro:
        left.append(Line(words["left"], money(vend.balance_micro + vend.credit_micro)))
    if vend.owed_micro:
        left.append(Line(words["owed"], money(vend.owed_micro)))
    sale = [
        Line(words["account"], order.account_number),
        Line(words["time"], local_time),
        Line(words["by"], vend.sold_by),
        Line(words["sale"], order.reference or order.key),
    ]
    paid = Line(words[order.tender], money(order.amount_micro), Weight.STRONG)
    blocks = [Block(lines=sale), Block(lines=[paid, *went]), Block(lines=left)]
    if vend.void is not None:
        taken_back = [
            Line(words["void_by"], vend.void.who),
            Line(words["why"], vend.void.reason),
            Line(words["balance"], money(vend.void.balance_micro)),
        ]
        blocks.append(Block(mark=words["void"], lines=taken_back))
    blocks.append(Block(lines=[Line(words["receipt"], str(vend.id))]))
    return Slip(
        language=language,
        issuer=vend.vendor_name,
        title=words["title"],
        mark="" if vend.void is None else words["void"],
        blocks=blocks,
        closing=words["thanks"],
    )
