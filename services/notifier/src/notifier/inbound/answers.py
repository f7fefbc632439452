"""What an answer says: pure."""

from datetime import datetime

import msgspec

from notifier.contacts.consents import Purpose
from notifier.inbound.values import CreditAnswer, Lasting, Standing
from notifier.notices.values import NO_MONEY, Facts, Template


def of_nothing(now: datetime) -> Facts:
    """Of an answer that speaks of no money: its template has no balance that a text could say."""
    return Facts(at=now, currency=NO_MONEY)


def of_accounts(now: datetime, tails: tuple[str, ...]) -> Facts:
    """Which account is meant?"""
    return Facts(at=now, currency=NO_MONEY, tails=tails)


def of_purposes(now: datetime, purposes: tuple[Purpose, ...]) -> Facts:
    """What is told no more, or is again."""
    return Facts(at=now, currency=NO_MONEY, purposes=purposes)


def of_payment(now: datetime, pay_at: str | None) -> Facts:
    """How to pay."""
    return Facts(at=now, currency=NO_MONEY, pay_at=pay_at)


def of_standing(standing: Standing, *, zone: str) -> Facts:
    """What the ledger has said, and when that was true: ``zone`` is where the customer lives."""
    return Facts(
        at=standing.at,
        currency=standing.currency,
        balance_micro=standing.balance_micro,
        left_micro=standing.left_micro,
        as_of=standing.at,
        timezone=zone,
    )


def of_lasting(lasting: Lasting, *, zone: str) -> tuple[Template, Facts]:
    """For how long it lasts, or that nobody knows."""
    standing = lasting.standing
    if lasting.ends_at is None:
        facts = of_standing(standing, zone=zone)
        facts = msgspec.structs.replace(facts, days_left=lasting.beyond_days)
        return Template.ANSWER_DAYS_UNKNOWN, facts
    return Template.ANSWER_DAYS, Facts(
        at=standing.at,
        currency=standing.currency,
        balance_micro=standing.balance_micro,
        as_of=standing.at,
        ends_at=lasting.ends_at,
        buy_by=lasting.buy_by,
        timezone=zone,
    )


def of_credit(credit: CreditAnswer, *, zone: str) -> tuple[Template, Facts]:
    """Emergency credit is accepted, or there is none."""
    standing = credit.standing
    if credit.amount_micro is None:
        return Template.ANSWER_CREDIT_REFUSED, of_standing(standing, zone=zone)
    return Template.ANSWER_CREDIT, Facts(
        at=standing.at,
        currency=standing.currency,
        balance_micro=standing.balance_micro,
        left_micro=standing.left_micro,
        amount_micro=credit.amount_micro,
    )
