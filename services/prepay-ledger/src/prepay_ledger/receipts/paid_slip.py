"""The receipt of a payment as a slip, with its signature to be read by a phone: pure."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from prepay_ledger.paper.values import Block, Language, Line, Slip, Weight
from prepay_ledger.providers.amounts import decimal_of
from prepay_ledger.receipts.values import Claims

CODE_CHARACTERS_MAX = 2_300
"""What a phone still reads off 62 mm: version 35 of ISO/IEC 18004, level L, has modules of 0.38 mm.
Longer ones (a dozen debts paid off) go without a code."""

_WORDS: Mapping[Language, Mapping[str, str]] = {
    Language.ENGLISH: {
        "title": "PAYMENT RECEIPT",
        "nowhere": "ON NO ACCOUNT YET",
        "gone": "TAKEN BACK",
        "account": "Account",
        "given": "Given as",
        "time": "Time",
        "provider": "Paid through",
        "payment": "Payment",
        "paid": "Paid",
        "repaid": "to emergency credit",
        "debts": "to debts",
        "added": "to balance",
        "balance": "Balance after it",
        "left": "Could be used until the cut",
        "taken_back": "Taken back",
        "receipt": "Receipt",
        "code": "This code is the signed receipt.",
        "thanks": "Keep this receipt.",
    },
    Language.CHINESE: {
        "title": "电费缴费凭证",
        "nowhere": "尚未计入账户",
        "gone": "已退回",
        "account": "户号",
        "given": "缴费时填写",
        "time": "时间",
        "provider": "缴费渠道",
        "payment": "支付流水号",
        "paid": "缴费金额",
        "repaid": "其中:归还应急额度",
        "debts": "其中:偿还欠费",
        "added": "其中:计入余额",
        "balance": "缴费后余额",
        "left": "停电前可用",
        "taken_back": "已退回金额",
        "receipt": "凭证号",
        "code": "扫码即得带电子签名的凭证",
        "thanks": "请妥善保管凭证",
    },
}


def paid_slip(
    claims: Claims, *, signed: str, issuer: str, zone: ZoneInfo, language: Language
) -> Slip:
    """``signed``: ``claims`` as compact JWS; ``issuer``: the utility; ``zone``: its own."""
    words = _WORDS[language]
    row: Mapping[str, Any] = json.loads(claims.row)
    received_at = datetime.fromisoformat(row["received_at"]).astimezone(zone)

    def money(micro: int) -> str:
        return f"{decimal_of(micro)} {row['currency']}"

    amount_micro, taken_back_micro = int(row["amount_micro"]), int(claims.taken_back_micro)
    whose: list[Line] = []
    if claims.account_number is not None:
        whose.append(Line(words["account"], claims.account_number))
    if row["account_number"] != claims.account_number:
        whose.append(Line(words["given"], row["account_number"]))
    paid = [Line(words["paid"], money(amount_micro), Weight.STRONG)]
    blocks = [
        Block(
            lines=[
                *whose,
                Line(words["time"], f"{received_at:%Y-%m-%d %H:%M:%S}"),
                Line(words["provider"], row["provider"]),
                Line(words["payment"], row["payment_id"]),
            ]
        ),
        Block(lines=paid),
    ]
    if claims.topup is not None:
        topup: Mapping[str, Any] = json.loads(claims.topup.row)
        parts = {name: int(topup[f"{name}_micro"]) for name in ("repaid", "debts", "added")}
        paid += [
            Line(words[name], money(micro), Weight.PART) for name, micro in parts.items() if micro
        ]
        then = [
            Line(words[name], money(int(topup[f"{name}_micro"]))) for name in ("balance", "left")
        ]
        blocks.append(Block(lines=then))
    if taken_back_micro:
        blocks.append(Block(lines=[Line(words["taken_back"], money(taken_back_micro))]))
    blocks.append(Block(lines=[Line(words["receipt"], row["id"])]))
    mark = "nowhere" if claims.account_number is None else ""
    return Slip(
        language=language,
        issuer=issuer,
        title=words["title"],
        mark=words.get("gone" if taken_back_micro >= amount_micro else mark, ""),
        blocks=blocks,
        closing=words["thanks"],
        code=signed if len(signed) <= CODE_CHARACTERS_MAX else None,
        code_says=words["code"],
    )
