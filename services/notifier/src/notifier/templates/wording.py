"""The values that a notice gives to its text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from notifier.contacts.consents import Purpose
from notifier.contacts.values import Channel, Language
from notifier.notices.values import NO_CODE, Facts
from notifier.templates.codes import text_of_code
from notifier.templates.money import money_text
from notifier.templates.times import about_hour_text, wall_text
from prewatt_common.contracts.ledger_events_v1 import NotCollected

Value = str | int
TAIL_CHARS = 4


def tail_of(account_number: str) -> str:
    """What tells somebody which account is meant, and a stranger nothing."""
    return account_number[-TAIL_CHARS:]


_PURPOSES: Mapping[Language, Mapping[Purpose, str]] = {
    Language.EN: {
        Purpose.SUPPLY: "supply",
        Purpose.PAYMENTS: "payments",
        Purpose.NEWS: "news",
        Purpose.CAMPAIGNS: "offers",
    },
    Language.ZH_CN: {
        Purpose.SUPPLY: "供电",
        Purpose.PAYMENTS: "缴费",
        Purpose.NEWS: "资讯",
        Purpose.CAMPAIGNS: "营销",
    },
}
_BETWEEN = {Language.EN: ", ", Language.ZH_CN: "、"}


def purposes_text(purposes: Sequence[Purpose], language: Language) -> str:
    """Each as its customers call it, and as they may write it after STOP.

    >>> purposes_text([Purpose.NEWS, Purpose.CAMPAIGNS], Language.EN)
    'news, offers'
    """
    return _BETWEEN[language].join(_PURPOSES[language][each] for each in purposes)


_WHY: Mapping[Language, Mapping[NotCollected, str]] = {
    Language.EN: {
        NotCollected.NO_MONEY: "not enough money",
        NotCollected.ACCOUNT_CLOSED: "account is closed",
        NotCollected.ACCOUNT_UNUSABLE: "account takes no debits",
        NotCollected.REFUSED: "it was refused",
        NotCollected.OTHER: "it did not go through",
    },
    Language.ZH_CN: {
        NotCollected.NO_MONEY: "余额不足",
        NotCollected.ACCOUNT_CLOSED: "账户已销户",
        NotCollected.ACCOUNT_UNUSABLE: "账户不能扣款",
        NotCollected.REFUSED: "扣款被拒",
        NotCollected.OTHER: "未能扣款",
    },
}


def _of_collection(facts: Facts, language: Language) -> Mapping[str, Value]:
    """What was not collected, why, and what follows, in words that any of it has."""
    if facts.why is None:
        return {}
    number, again = facts.statement_number, facts.retry_on
    if language is Language.ZH_CN:
        what = "分期款" if number is None else f"账单{number}"
        after = f"{again}再扣" if again else "不再扣款"
    else:
        what = "an instalment" if number is None else f"statement {number}"
        after = f"next try {again}" if again else "we do not try again"
    return {"what": what, "why": _WHY[language][facts.why], "next": after}


_OUR_PAGE = {Language.EN: "our website", Language.ZH_CN: "我们的网站"}
"""Where no page is named for it."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What texts may say of who says it. ``page``: where a reader learns that a notice is
    ours, as short as it can be typed; none: the utility's website, as its customers know it."""

    utility: str
    page: str | None = None
    pay_at: str | None = None
    """Where money is taken; none where the utility names no page."""


def our_page(signature: Signature, language: Language) -> str:
    """Where a reader learns that a notice is ours, as texts say it."""
    return signature.page or _OUR_PAGE[language]


def values_of(
    facts: Facts,
    *,
    account_number: str,
    signature: Signature,
    language: Language,
    channel: Channel | None = None,
    code: bytes = NO_CODE,
) -> Mapping[str, Value]:
    """By name; what the notice does not have is not among them. Nor is where to pay in a call:
    nobody can write down an address that is spoken."""
    amounts = {
        "balance": facts.balance_micro,
        "threshold": facts.threshold_micro,
        "amount": facts.amount_micro,
        "paid_off": facts.paid_off_micro,
        "owed": facts.owed_micro,
        "owed_again": facts.owed_again_micro,
        "left": facts.left_micro,
        "repaid": facts.repaid_micro,
        "late": facts.late_micro,
    }
    others: dict[str, Value | None] = {
        **_of_collection(facts, language),
        "stage": facts.stage,
        "days_left": facts.days_left,
        "limit_w": facts.limit_w,
        "after_days": facts.after_days,
        "instalments": facts.instalments,
        "ends_at": facts.ends_at and about_hour_text(facts.ends_at, facts, language),
        "buy_by": facts.buy_by and wall_text(facts.buy_by, facts, language),
        "as_of": facts.as_of and wall_text(facts.as_of, facts, language),
        "purposes": purposes_text(facts.purposes, language) if facts.purposes else None,
        "pay_at": None if channel is Channel.VOICE else facts.pay_at or signature.pay_at,
        "tails": ", ".join(facts.tails) if facts.tails else None,
        "retry_on": facts.retry_on.isoformat() if facts.retry_on else None,
        "next_due": facts.next_due.isoformat() if facts.next_due else None,
        "statement": None if facts.statement_number is None else str(facts.statement_number),
        "period_first": facts.period_first.isoformat() if facts.period_first else None,
        "period_last": facts.period_last.isoformat() if facts.period_last else None,
        "due_on": facts.due_on.isoformat() if facts.due_on else None,
    }
    return {
        "utility": signature.utility,
        "code": text_of_code(code),
        "check_at": our_page(signature, language),
        "account": account_number,
        "tail": tail_of(account_number),
        **{
            name: money_text(amount, facts.currency)
            for name, amount in amounts.items()
            if amount is not None
        },
        **{name: value for name, value in others.items() if value is not None},
    }
