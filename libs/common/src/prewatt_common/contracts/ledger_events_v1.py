"""Topic ``ledger.events.v1``: what happened to accounts."""

from datetime import date
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

import msgspec

from prewatt_common.contracts.base import (
    Currency,
    Event,
    Instant,
    LimitW,
    MeterId,
    PayUrl,
    Whole,
    Words,
)


class SupplyState(StrEnum):
    """Where an account's supply stands. Armed: it is due, and waits until the customer has closed
    the relay by the meter's button, as agreed. Limited: in place of a cut the meter lets through no
    more than so many watts; disconnecting is what comes before either."""

    CONNECTED = "connected"
    WARNED = "warned"
    PENDING = "pending"
    DISCONNECTING = "disconnecting"
    DISCONNECTED = "disconnected"
    RECONNECTING = "reconnecting"
    ARMED = "armed"
    LIMITED = "limited"


class ReconnectionStage(StrEnum):
    """How far a reconnection came that was asked for."""

    ISSUED = "issued"
    """The command was given out; the meter may be away."""
    SENT = "sent"
    ANSWERED = "answered"
    """The meter has the command; its relay was not read back as asked."""
    ARMED = "armed"
    """The customer may close the relay by the meter's button."""
    CLOSED = "closed"
    LOAD = "load"
    """Energy flowed again."""


class AccountOpened(Event, frozen=True, kw_only=True):
    """An account exists."""

    ce_type: ClassVar[str] = "prewatt.ledger.account-opened.v1"

    account_id: UUID
    number: Words
    """The account number people know (户号)."""
    currency: Currency
    opened_at: Instant
    balance_micro: int
    """What the account had in the system that it comes from; 0 where it is new."""
    balance_number: Whole
    """The balances of an account are numbered as they come: of two the higher number is newer."""


class PaidOff(msgspec.Struct, frozen=True, kw_only=True):
    """What of a payment went to one debt."""

    debt_id: UUID
    amount_micro: Whole


class ToppedUp(Event, frozen=True, kw_only=True):
    """A payment was credited, when it came or later out of suspense."""

    ce_type: ClassVar[str] = "prewatt.ledger.topped-up.v1"

    account_id: UUID
    payment_id: str
    provider: str
    amount_micro: Whole
    balance_micro: int
    balance_number: Whole
    currency: Currency
    at: Instant
    assigned_by: str | None = None
    """Who gave the account this money, which was in suspense; none where it named the account."""
    assigned_reason: str | None = None
    paid_off_micro: Whole = 0
    """What of it went to debts, as agreed: it is in ``balance_micro`` no more."""
    owed_micro: Whole = 0
    """What is still owed apart from the balance."""
    repaid_micro: Whole = 0
    """What of it repaid emergency credit, before anything else. What went neither there nor to
    debts went to the rest of the balance."""
    left_micro: int = 0
    """What may be used until the cut, by what is allowed below zero too."""
    paid_off: tuple[PaidOff, ...] = ()
    """Of ``paid_off_micro``, what went to which debt."""


class PaymentTakenBack(Event, frozen=True, kw_only=True):
    """What a provider took back of a payment (a refund, a reversal, a dispute) left the account;
    below zero: it came back. Key: the account."""

    ce_type: ClassVar[str] = "prewatt.ledger.payment-taken-back.v1"

    account_id: UUID
    payment_id: str
    provider: str
    journal_id: Whole
    """Tells it from others of the same payment."""
    amount_micro: Whole
    balance_micro: int
    balance_number: Whole
    currency: Currency
    at: Instant
    owed_again_micro: Whole = 0
    """What of it had paid debts that are owed again, apart from the balance; below zero: it paid
    them again."""


class PaymentSuspended(Event, frozen=True, kw_only=True):
    """Money that no account could be found for, kept in suspense. Key: the payment id."""

    ce_type: ClassVar[str] = "prewatt.ledger.payment-suspended.v1"

    payment_id: str
    provider: str
    amount_micro: Whole
    currency: str
    reference: str
    """The account number that the payer gave."""
    reason: str
    at: Instant


class PaymentReturned(Event, frozen=True, kw_only=True):
    """Money in suspense is to go back to its payer: the provider is owed the refund.
    Key: the payment id."""

    ce_type: ClassVar[str] = "prewatt.ledger.payment-returned.v1"

    payment_id: str
    provider: str
    amount_micro: Whole
    currency: str
    reference: str
    returned_by: str
    reason: str
    at: Instant


class WarnedBy(StrEnum):
    """What a limit at which a customer is warned is taken from."""

    ACCOUNT = "account"
    """It is the account's own."""
    MONEY = "money"
    """An amount of the policy."""
    TOPUP = "topup"
    """A share of the last top-up."""
    DAYS_LEFT = "days_left"
    """What so many days cost at the use of late."""


class MoneyEnds(msgspec.Struct, frozen=True, kw_only=True):
    """When money will probably end, as forecast from the household's own use.

    With a probability of 10, 50 and 90 percent by ``p10``, ``p50`` and ``p90``; none where that is
    farther than was looked. If it ends at ``p10``, a cut may come from ``cut_from`` on, by the
    calendar; by ``buy_by`` money had better be there. ``timezone``: in which the customer reads
    these."""

    p10: Instant | None = None
    p50: Instant | None = None
    p90: Instant | None = None
    cut_from: Instant | None = None
    buy_by: Instant | None = None
    timezone: str


class LowBalance(Event, frozen=True, kw_only=True):
    """The balance fell to or below a limit at which the customer is warned; of several the lowest.

    ``measure``: of ``topup`` the share in ppm, of ``days_left`` the days; else none. ``ends``: when
    money will probably end; none where nobody knows. ``pay_url``: none where pay links are not set
    up, here and in all that asks for money.
    """

    ce_type: ClassVar[str] = "prewatt.ledger.low-balance.v1"

    account_id: UUID
    balance_micro: Whole
    balance_number: Whole
    threshold_micro: Whole
    warned_by: WarnedBy = WarnedBy.ACCOUNT
    measure: Whole | None = None
    ends: MoneyEnds | None = None
    pay_url: PayUrl | None = None
    currency: Currency
    at: Instant


class BalanceExhausted(Event, frozen=True, kw_only=True):
    """The balance is used up, and what may be used below zero too."""

    ce_type: ClassVar[str] = "prewatt.ledger.balance-exhausted.v1"

    account_id: UUID
    balance_micro: Whole
    balance_number: Whole
    pay_url: PayUrl | None = None
    currency: Currency
    at: Instant


class SupplyChanged(Event, frozen=True, kw_only=True):
    """The supply state moved, by which decision, and which rules held or fired. ``meter_ids``: of
    an account of more than a thousand meters the first thousand. ``pay_url``: where supply was
    taken or limited."""

    ce_type: ClassVar[str] = "prewatt.ledger.supply-changed.v1"

    account_id: UUID
    meter_ids: tuple[MeterId, ...]
    previous: SupplyState
    state: SupplyState
    limit_w: LimitW | None = None
    """While it is limited, as far as that is known."""
    decision_id: UUID | None
    rules: tuple[str, ...]
    balance_micro: Whole
    balance_number: Whole
    """The balance that it was decided by. Several changes may be decided by one."""
    pay_url: PayUrl | None = None
    currency: Currency
    at: Instant


class ReconnectionLate(Event, frozen=True, kw_only=True):
    """A relay was to close in this time after its cause, such as a payment, and did not. Told once
    a reconnection, with the stage that it stuck in. Key: the account."""

    ce_type: ClassVar[str] = "prewatt.ledger.reconnection-late.v1"

    reconnection_id: UUID
    account_id: UUID
    meter_id: MeterId
    cause: Words
    caused_at: Instant
    deadline_at: Instant
    stage: ReconnectionStage
    credit_micro: Whole
    """What the account is given for it, at once (`Credited`); 0: nothing."""
    balance_micro: Whole
    """With that."""
    currency: Currency
    at: Instant


class Credited(Event, frozen=True, kw_only=True):
    """An account was given money that nobody paid, such as for a late reconnection; below zero it
    was taken, such as for a fee or to another account. Key: the account."""

    ce_type: ClassVar[str] = "prewatt.ledger.credited.v1"

    account_id: UUID
    kind: Words
    """Why, as the journal has it: ``sla_credit``, ``adjustment``, ``transfer``."""
    source: Words
    """Tells it from the account's other credits."""
    amount_micro: Whole
    balance_micro: int
    balance_number: Whole
    currency: Currency
    at: Instant


class DebtNews(StrEnum):
    """What a customer is to know of what they owe apart from the balance."""

    OWED = "owed"
    """A bill of long ago, corrected or late, or one that we had wrong, is owed apart."""
    LOWERED = "lowered"
    """A later correction of the same bill has less of it."""
    WRITTEN_OFF = "written_off"
    """It is not asked for any more."""
    PAID = "paid"
    """Instalments were taken from the balance."""


class DebtChanged(Event, frozen=True, kw_only=True):
    """What an account owes apart from its balance changed, all changes of a kind since it was last
    told together. Nobody is cut for it. Key: the account."""

    ce_type: ClassVar[str] = "prewatt.ledger.debt-changed.v1"

    account_id: UUID
    news: DebtNews
    amount_micro: Whole
    """By how much."""
    owed_micro: Whole
    """All that is still owed apart."""
    after_days: Whole
    """Bills of use longer ago than so many days are owed apart, by policy."""
    instalments: Whole
    """So many are still to be paid; 0: none are agreed on."""
    next_due: date | None
    """When the next of them is due."""
    balance_micro: int
    currency: Currency
    at: Instant
    owed_debts: tuple[UUID, ...] | None = None
    """Of which debts something is still owed; none: nobody says."""


class PaymentReminder(Event, frozen=True, kw_only=True):
    """A statement of a post-paid account is overdue for so many days and not paid, and its customer
    is to be reminded: told once a statement and step. Key: the account."""

    ce_type: ClassVar[str] = "prewatt.ledger.payment-reminder.v1"

    account_id: UUID
    statement_id: UUID
    statement_number: Whole
    step_days: Whole
    """So many days after the due day by the policy; the day itself may be later."""
    period_first: date
    period_end: date
    """The day after its last one."""
    due_on: date
    open_micro: Whole
    """What of the statement is not paid."""
    overdue_micro: Whole
    """That of all statements that are overdue."""
    late_micro: Whole
    """Late charges besides, paid or not."""
    settled_at_micro: int
    """A balance of so much leaves nothing open of the statement and of those before it."""
    balance_micro: int
    balance_number: Whole
    pay_url: PayUrl | None = None
    currency: Currency
    at: Instant


class AutoTopUpRequested(Event, frozen=True, kw_only=True):
    """The balance fell to what the customer agreed to, or an instalment of a debt or a statement is
    due that the customer has collected, and the provider of the mandate is to be asked for money.
    Key: the account."""

    ce_type: ClassVar[str] = "prewatt.ledger.auto-top-up-requested.v1"

    account_id: UUID
    mandate_id: UUID
    request_id: UUID
    """What the payment names, if it comes."""
    provider: str
    amount_micro: Whole
    currency: Currency
    at: Instant
    debt_id: UUID | None = None
    """Whose instalment it is."""
    statement_id: UUID | None = None
    """Which statement it is for; neither of both: a top-up."""


class NotCollected(StrEnum):
    """Why a customer's bank paid nothing, as far as its code says."""

    NO_MONEY = "no_money"
    ACCOUNT_CLOSED = "account_closed"
    ACCOUNT_UNUSABLE = "account_unusable"
    """Its number is wrong, it is blocked, or nothing can be collected from it."""
    REFUSED = "refused"
    """By the customer or the bank, or there is no mandate."""
    OTHER = "other"
    """It says something else, or nothing."""


class AutoTopUpFailed(Event, frozen=True, kw_only=True):
    """No money comes of a request. Key: the account."""

    ce_type: ClassVar[str] = "prewatt.ledger.auto-top-up-failed.v1"

    account_id: UUID
    mandate_id: UUID
    request_id: UUID
    provider: str
    amount_micro: Whole
    currency: Currency
    code: str
    """The provider's own word for why."""
    retry_on: date | None
    """The customer's day on which it is tried again at the earliest, if the balance is low then, or
    the instalment or statement is still owed; none: it is not, as the mandate is suspended or
    ended."""
    pay_url: PayUrl | None = None
    """Of a top-up where it is tried again: so that somebody can pay until then."""
    balance_micro: int
    balance_number: Whole
    at: Instant
    debt_id: UUID | None = None
    """Whose instalment it was."""
    statement_id: UUID | None = None
    """Which statement it was for; neither of both: a top-up."""
    statement_number: Whole | None = None
    why: NotCollected | None = None
    """Of an instalment or a statement."""


class MandateSuspended(Event, frozen=True, kw_only=True):
    """No money is asked for by this mandate any more, until the customer agrees anew. Key: the
    account."""

    ce_type: ClassVar[str] = "prewatt.ledger.mandate-suspended.v1"

    account_id: UUID
    mandate_id: UUID
    provider: str
    reason: str
    request_id: UUID | None = None
    """Of an instalment or a statement, by whose failure it is suspended: `AutoTopUpFailed` of that
    tells the customer both."""
    at: Instant


class WorkOrderOpened(Event, frozen=True, kw_only=True):
    """Somebody has to see to a meter. Key: the account, or the meter where it serves none."""

    ce_type: ClassVar[str] = "prewatt.ledger.work-order-opened.v1"

    work_order_id: UUID
    kind: Words
    meter_id: MeterId
    account_id: UUID | None
    reason: Words
    at: Instant


class WorkOrderClosed(Event, frozen=True, kw_only=True):
    """A work order was seen to, or is over by itself (``result``: over). Key: as it was opened."""

    ce_type: ClassVar[str] = "prewatt.ledger.work-order-closed.v1"

    work_order_id: UUID
    kind: Words
    meter_id: MeterId
    account_id: UUID | None
    by: Words
    result: Words
    note: Words
    at: Instant


class SupplyApology(Event, frozen=True, kw_only=True):
    """The account was cut by our mistake; it is reconnected, and kept on whatever its balance."""

    ce_type: ClassVar[str] = "prewatt.ledger.supply-apology.v1"

    account_id: UUID
    undo_id: UUID
    cut_at: Instant
    """When the first of its cuts was issued."""
    balance_micro: int
    currency: Currency
    at: Instant
