"""A statement as a slip of paper: pure."""

from collections.abc import Mapping
from datetime import timedelta

from prepay_ledger.paper.values import Block, Language, Line, Slip, Weight
from prepay_ledger.providers.amounts import decimal_of
from prepay_ledger.statements.values import Statement

_DAY = timedelta(days=1)
_WORDS: Mapping[Language, Mapping[str, str]] = {
    Language.ENGLISH: {
        "title": "STATEMENT",
        "number": "Number",
        "account": "Account",
        "period": "Period",
        "energy": "Energy",
        "brought": "Brought forward",
        "charged": "Charged",
        "corrected": "Corrections of earlier periods",
        "late": "Late charges",
        "paid": "Paid",
        "given": "Other credits",
        "owed": "To pay",
        "credit": "Your credit",
        "due": "To be paid by",
        "closing": "Above zero is owed.",
    },
    Language.CHINESE: {
        "title": "电费账单",
        "number": "账单号",
        "account": "户号",
        "period": "结算周期",
        "energy": "电量",
        "brought": "上期结转",
        "charged": "本期电费",
        "corrected": "以前各期更正",
        "late": "违约金",
        "paid": "已缴",
        "given": "其他入账",
        "owed": "应缴",
        "credit": "账户余额",
        "due": "缴费截止",
        "closing": "正数为应缴金额",
    },
}


def statement_slip(statement: Statement, *, issuer: str, language: Language) -> Slip:
    """``issuer``: the utility."""
    words, amounts = _WORDS[language], statement.amounts

    def money(micro: int) -> str:
        return f"{decimal_of(micro)} {statement.currency}"

    last = statement.period_end - _DAY
    parts = [Line(name, money(micro), Weight.PART) for name, micro in statement.charged.items()]
    moved = {
        "corrected": amounts.corrected_micro,
        "late": amounts.late_micro,
        "paid": -amounts.paid_micro,
        "given": -amounts.given_micro,
    }
    owed = amounts.owed_micro
    ends = [Line(words["owed" if owed > 0 else "credit"], money(abs(owed)), Weight.STRONG)]
    if owed > 0:
        ends.append(Line(words["due"], statement.due_on.isoformat()))
    return Slip(
        language=language,
        issuer=issuer,
        title=words["title"],
        blocks=[
            Block(
                lines=[
                    Line(words["number"], str(statement.number)),
                    Line(words["account"], statement.account_number),
                    Line(words["period"], f"{statement.key.period_first} - {last}"),
                    Line(words["energy"], f"{statement.energy_wh / 1000:.3f} kWh"),
                ]
            ),
            Block(
                lines=[
                    Line(words["brought"], money(amounts.brought_micro)),
                    Line(words["charged"], money(amounts.charged_micro)),
                    *parts,
                    *(Line(words[name], money(micro)) for name, micro in moved.items() if micro),
                ]
            ),
            Block(lines=ends),
        ],
        closing=words["closing"],
    )
