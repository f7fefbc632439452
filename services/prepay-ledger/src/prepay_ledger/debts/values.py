"""A debt apart from the balance: what it comes from, and how it is paid off. Money: micro-units."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from prepay_ledger.facts.values import Decided

DEBT = "debt"
"""The kind of the journals that move money between a balance and what is owed apart from it."""
TOPUP = "top-up"
"""What the sources of those begin with by which a top-up pays debts."""
INSTALMENTS_MAX = 60


def topup_source(debt_id: UUID, payment: UUID, journal_id: int) -> str:
    """Names what the payment, credited by that journal, paid of the debt; what follows later of the
    same payment has its own journal's number after it."""
    return f"{TOPUP}/{debt_id}/{payment}/{journal_id}"


class BillCause(StrEnum):
    """What a difference to the bill comes from."""

    READING = "reading"
    """Use that is read for the first time, estimated before or not, and what time alone owes: no
    correction."""
    EDIT = "edit"
    INSTALLATION = "installation"
    TARIFF = "tariff"
    MODE_CHANGE = "mode_change"
    """What the account owed as it became prepaid: no correction, and asked for in full."""


class Treatment(StrEnum):
    """Where a difference to the bill goes."""

    BALANCE = "balance"
    DEBT = "debt"
    """Owed apart from the balance: it starts no cut."""
    BARRED = "barred"
    """Too long ago to be asked for at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A difference to the bill: for use from the local day ``used_from`` up to ``used_until``,
    billed on ``billed_on``; ``our_fault``: the utility's own error is behind it. ``amount_micro``:
    what is to be paid more, less where it is below zero."""

    cause: BillCause
    used_from: date
    used_until: date
    billed_on: date
    our_fault: bool
    amount_micro: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtTerms:
    """By policy: what is billed for use longer ago than ``days`` is owed apart; for what began more
    than ``limitation_months`` ago nothing may be asked any more (none: the law knows no limit)."""

    days: int = 30
    limitation_months: int | None = None
    paused_while_off: bool = True
    """Nothing is taken while the account's supply is off or limited."""
    days_after_return: int = 7
    """No instalment is taken in so many days after supply came back."""
    back_above_micro: int = 0
    """A balance above this brings supply back."""
    topup_share_max_ppm: int = 500_000
    """What all debts of an account may take of a top-up together."""
    topup_cap_micro: int | None = None
    """The most that top-ups pay of debts in ``topup_cap_days``; none: no such limit."""
    topup_cap_days: int = 30
    paused_in_emergency: bool = False
    """No instalment is taken while emergency credit is accepted and not repaid."""


class Origin(NamedTuple):
    """What a corrected bill is for: a period of an agreement."""

    agreement_id: UUID
    period_first: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """What the corrections of an origin have come to beside its debts. ``given_micro``: was given
    back to the balance; ``barred_micro``: was written off, as the law bars it."""

    given_micro: int = 0
    barred_micro: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What earlier differences of an origin came to: what its debts have left, what corrections
    took off them, and the rest."""

    left_micro: int = 0
    lowered_micro: int = 0
    corrected: Corrected = Corrected()


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Where a difference goes, in micro-units. Above zero is taken from the customer's side:
    ``balance_micro`` from the balance, ``reopened_micro`` by debts that an earlier correction had
    lowered, ``debt_micro`` by a new debt, ``barred_micro`` by nobody. A difference in the
    customer's favour has the same parts below zero (``reopened_micro``: debts are lowered)."""

    balance_micro: int = 0
    reopened_micro: int = 0
    debt_micro: int = 0
    barred_micro: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDebt:
    """A difference that was posted to the account's balance, and is owed apart from it instead.
    ``source`` names it: the same again is the same debt."""

    account_id: UUID
    source: str
    origin: Origin
    cause: BillCause
    our_fault: bool
    used_until: date
    amount_micro: int
    currency: str


class PaidByTopup(NamedTuple):
    """What a top-up of ``topup_micro``, credited by ``journal_id``, paid of a debt at first, and
    what of that stands now."""

    debt_id: UUID
    journal_id: int
    topup_micro: int
    first_micro: int
    now_micro: int


class Collected(NamedTuple):
    """Money for a debt that a customer's bank was asked for: an instalment due on that day.
    ``is_open``: nobody knows yet whether it comes; else it has come."""

    debt_id: UUID
    due_on: date
    amount_micro: int
    is_open: bool


class Collecting(NamedTuple):
    """Whose instalment a payment is, and the day on which it was due."""

    debt_id: UUID
    due_on: date


class Instalment(NamedTuple):
    """So much is to be paid by that day."""

    due_on: date
    amount_micro: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """What is owed. ``lowered_micro``: what later corrections of the same origin took off it;
    ``written_off_micro``: what people did. ``paused_until``: nothing is paid of it before that day.
    ``topup_share_ppm``: that part of each top-up pays it, in place of instalments.
    ``plan``: its instalments as agreed on, ``instalments`` from ``first_due`` on, when
    ``plan_paid_micro`` had been paid; none while nobody has agreed on any; ``planned``: who did,
    why and when. Instalments took ``taken_micro`` in the month that began on ``taken_month``, the
    last one in which they took anything."""

    id: UUID
    account_id: UUID
    source: str
    origin: Origin
    cause: BillCause
    our_fault: bool
    used_until: date
    currency: str
    amount_micro: int
    paid_micro: int
    lowered_micro: int
    created_at: datetime
    written_off_micro: int = 0
    paused_until: date | None = None
    plan: Sequence[Instalment] = ()
    topup_share_ppm: int | None = None
    planned: Decided | None = None
    instalments: int | None = None
    first_due: date | None = None
    plan_paid_micro: int = 0
    taken_month: date | None = None
    taken_micro: int = 0

    @property
    def agreement_id(self) -> UUID:
        """Of its origin."""
        return self.origin.agreement_id

    @property
    def period_first(self) -> date:
        """Likewise."""
        return self.origin.period_first

    @property
    def left_micro(self) -> int:
        """What is still owed."""
        gone_micro = self.paid_micro + self.lowered_micro + self.written_off_micro
        return self.amount_micro - gone_micro

    @property
    def ahead(self) -> Sequence[Instalment]:
        """What is still to be paid of its instalments, which sums to what is left. What was lowered
        or written off is taken off the last ones; what is owed more comes with the last one."""
        found: list[Instalment] = []
        paid_micro, left_micro = max(0, self.paid_micro - self.plan_paid_micro), self.left_micro
        for each in self.plan:
            filled_micro = min(paid_micro, each.amount_micro)
            paid_micro -= filled_micro
            micro = min(each.amount_micro - filled_micro, left_micro)
            left_micro -= micro
            if micro:
                found.append(Instalment(each.due_on, micro))
        if not self.plan or left_micro == 0:
            return found
        last = self.plan[-1]
        if found and found[-1].due_on == last.due_on:
            left_micro += found.pop().amount_micro
        return [*found, Instalment(last.due_on, left_micro)]
