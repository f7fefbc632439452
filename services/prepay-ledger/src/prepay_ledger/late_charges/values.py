"""Late charges. Money: micro-units; days: local ones of the utility."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from prepay_ledger.balances.values import Account
from prewatt_common.contracts.supply_late_v1 import LateCharge

LATE_CHARGE = "late-charge"
"""Kind of the journals."""


class Period(NamedTuple):
    """Local days, half open."""

    first: date
    end: date


class Asked(NamedTuple):
    """What a statement and all earlier ones of this post-paid time ask for, as if nothing had been
    paid, with what the account came with: what was told by then, or what it came to since where
    that is less. Late charges are not in it."""

    statement_id: UUID
    number: int
    period: Period
    due_on: date
    micro: int


class Claim(NamedTuple):
    """What a statement asks for anew: what is between what all before it ask for, and that with its
    own. What had been paid in all by an instant pays what is lowest."""

    statement_id: UUID
    number: int
    period: Period
    due_on: date
    from_micro: int
    to_micro: int

    @property
    def asked_micro(self) -> int:
        """Anew."""
        return self.to_micro - self.from_micro

    def open_micro(self, paid_micro: int) -> int:
        """What of it is not paid where so much was paid in all."""
        return max(0, self.to_micro - paid_micro) - max(0, self.from_micro - paid_micro)


class Movement(NamedTuple):
    """What moved the balance on a day and was neither charged for use nor a late charge: a payment
    on the day on which the bank says its money was there, all else on the day it was posted."""

    day: date
    micro: int


class Span(NamedTuple):
    """Days from ``first`` to ``last``, both included, with the same open at the end of each, and
    what that costs a day. A rate of 0: held."""

    first: date
    last: date
    open_micro: int
    rate_ppm: int


class Held(NamedTuple):
    """A time in which days cost nothing, half open; ``until`` none: it goes on."""

    since: datetime
    until: datetime | None


class HeldDays(NamedTuple):
    """Days that a `Held` touches, both included; ``last`` none: it goes on."""

    first: date
    last: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for a statement: the policy of the account's class as of the day after the due
    day, ``charge`` none where nothing is charged; and the days on which it costs nothing, and on
    which nobody is reminded."""

    policy_number: int
    customer_class: str
    charge: LateCharge | None
    held: Sequence[HeldDays] = ()
    reminder_days: Sequence[int] = ()
    unreminded: Sequence[HeldDays] = ()


class Posted(NamedTuple):
    """What was posted for a statement so far. ``number``: of the last row; ``accrued_micro``: what
    its days cost; ``waived_micro``: what of that people gave up. What is charged is the rest, and
    not below zero."""

    number: int = 0
    accrued_micro: int = 0
    waived_micro: int = 0

    @property
    def charged_micro(self) -> int:
        """What the customer is charged by it."""
        return max(0, self.accrued_micro - self.waived_micro)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is charged for a statement from now on, and what that rests on: its days up to
    ``through``, and the policy's version by which they were reckoned."""

    statement_id: UUID
    through: date
    posted: Posted
    spans: Sequence[Span]
    policy_number: int
    customer_class: str


class Wanted(NamedTuple):
    """What a statement of an account, whose row is locked, is to be charged from now on."""

    account: Account
    before: Posted
    after: Change

    @property
    def amount_micro(self) -> int:
        """What the balance falls by."""
        return self.after.posted.charged_micro - self.before.charged_micro


class Looked(NamedTuple):
    """An account that was looked at for all days up to ``through``. ``paid_micro``: what has been
    paid of late charges before what was used, where the policy has it so; ``look_on``: the day on
    which it is looked at again, none: once something else asks for it."""

    account_id: UUID
    through: date
    paid_micro: int
    look_on: date | None


class Reckoned(NamedTuple):
    """What a statement has cost up to a day."""

    spans: Sequence[Span]
    accrued_micro: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What is known of a post-paid account whose row is locked. ``claims``: in the order of their
    statements; ``posted``, and ``reminded``, the steps told so far: by statement; ``disputed``,
    ``protected``: when. ``awaited_micro``: what the customer's bank is asked for, and may pay
    yet; ``presented``: what of that a file of debits asks for, on the day on which it collects."""

    account: Account
    claims: Sequence[Claim]
    movements: Sequence[Movement]
    posted: dict[UUID, Posted]
    reminded: dict[UUID, Sequence[int]]
    disputed: Sequence[Held]
    protected: Sequence[Held]
    awaited_micro: int = 0
    presented: Sequence[Movement] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LateChargeRow:
    """A change of what a statement costs: its days up to ``through`` came to more, or to less, or a
    person gave up some of it. ``amount_micro``: what the balance fell by; below zero: rose.
    ``number``: of the statement's rows."""

    id: UUID
    statement_id: UUID
    account_id: UUID
    number: int
    through: date
    amount_micro: int
    accrued_micro: int
    waived_micro: int
    currency: str
    policy_number: int
    customer_class: str
    spans: Sequence[Span]
    journal_id: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """A customer that was reminded of a statement, so many days after its due day by the policy.
    ``open_micro``: what of it was not paid."""

    id: UUID
    statement_id: UUID
    account_id: UUID
    step_days: int
    open_micro: int
    currency: str
    policy_number: int
    customer_class: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverOrder:
    """What a person wants given up, for a reason. ``key``: the Idempotency-Key of ``who``."""

    key: str
    statement_id: UUID
    amount_micro: int
    who: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """Late charges that were given up. ``proposal_id``: by which a second person approved; none: it
    took one. ``charge_id``: the row that says what was charged after it."""

    id: UUID
    order: WaiverOrder
    account_id: UUID
    currency: str
    proposal_id: UUID | None
    charge_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Charged:
    """A statement and what was charged for it so far; ``last``: its newest row."""

    account_id: UUID
    currency: str
    last: LateChargeRow


def posted_by(row: LateChargeRow) -> Posted:
    """What is posted for its statement with the row."""
    return Posted(row.number, row.accrued_micro, row.waived_micro)
