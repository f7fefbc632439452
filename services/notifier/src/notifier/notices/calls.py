"""What an event has a customer told, if anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, get_args
from uuid import UUID

import msgspec

from notifier.notices.call import Call, with_pay_url
from notifier.notices.calls_owed import called_for_mandate, called_for_what_is_owed
from notifier.notices.order import Told
from notifier.notices.values import Facts, Template
from prewatt_common.contracts.emergency_credit_v1 import (
    EmergencyCreditChanged,
    EmergencyCreditNews,
)
from prewatt_common.contracts.ledger_events_v1 import (
    AccountOpened,
    AutoTopUpFailed,
    BalanceExhausted,
    Credited,
    DebtChanged,
    LowBalance,
    MandateSuspended,
    MoneyEnds,
    PaymentReminder,
    PaymentTakenBack,
    ReconnectionLate,
    ReconnectionStage,
    SupplyApology,
    SupplyChanged,
    SupplyState,
    ToppedUp,
    WarnedBy,
)
from prewatt_common.contracts.mode_events_v1 import AccountModeChanged
from prewatt_common.contracts.procedure_v1 import Mode

LedgerEvent: TypeAlias = (
    AccountOpened
    | AccountModeChanged
    | LowBalance
    | BalanceExhausted
    | ToppedUp
    | Credited
    | DebtChanged
    | PaymentReminder
    | AutoTopUpFailed
    | MandateSuspended
    | EmergencyCreditChanged
    | PaymentTakenBack
    | SupplyChanged
    | SupplyApology
    | ReconnectionLate
)
LEDGER_EVENT_KINDS: Sequence[type[LedgerEvent]] = get_args(LedgerEvent)
"""Each of them; no other event is read."""

SUPPLIED = {SupplyState.CONNECTED, SupplyState.WARNED, SupplyState.PENDING}


_BY_STAFF = frozenset({"adjustment", "transfer"})
OF_CREDIT = {
    EmergencyCreditNews.OFFERED: Template.EMERGENCY_CREDIT_OFFERED,
    EmergencyCreditNews.ACCEPTED: Template.EMERGENCY_CREDIT_ACCEPTED,
}
"""That it is over, the receipt of what repaid it says."""


@dataclass(frozen=True, slots=True)
class Account:
    """What the notifier remembers of an account."""

    id: UUID
    number: str | None = None
    supply_off_since: datetime | None = None
    """The relay was confirmed open or limited then, and has not been confirmed closed since."""
    limit_w: int | None = None
    """To so many watts, as was told last; none while supply is not limited, or nobody said."""
    newest: Told | None = None
    """Of the events that were taken; none where none of them has one."""


def called_for(event: LedgerEvent, account: Account) -> Call | None:
    """None where nothing is said."""
    call: Call | None = None
    match event:
        case LowBalance():
            days_left = event.measure if event.warned_by is WarnedBy.DAYS_LEFT else None
            facts = _facts(event, threshold_micro=event.threshold_micro, days_left=days_left)
            facts = _with_ends(with_pay_url(facts, event), event.ends)
            call = Call(Template.LOW_BALANCE, facts, event.threshold_micro)
        case BalanceExhausted():
            facts = with_pay_url(_facts(event), event)
            call = Call(Template.BALANCE_EXHAUSTED, facts, 0)
        case ToppedUp():
            facts = _facts(event, amount_micro=event.amount_micro)
            facts = msgspec.structs.replace(
                facts, left_micro=event.left_micro, repaid_micro=event.repaid_micro or None
            )
            if event.paid_off_micro:
                owed = {"paid_off_micro": event.paid_off_micro, "owed_micro": event.owed_micro}
                facts = msgspec.structs.replace(facts, **owed)
            call = Call(Template.TOPPED_UP, facts)
        case PaymentTakenBack(amount_micro=amount_micro) if amount_micro > 0:
            facts = _facts(event, amount_micro=amount_micro)
            if event.owed_again_micro > 0:
                facts = msgspec.structs.replace(facts, owed_again_micro=event.owed_again_micro)
            call = Call(Template.PAYMENT_TAKEN_BACK, facts)
        case DebtChanged() | PaymentReminder():
            call = called_for_what_is_owed(event)
        case EmergencyCreditChanged(news=news) if news in OF_CREDIT and event.means != "sms":
            # Whoever has accepted by SMS is told by the answer to it.
            facts = _facts(event, amount_micro=event.amount_micro)
            facts = msgspec.structs.replace(facts, left_micro=event.left_micro)
            call = Call(OF_CREDIT[news], facts)
        case Credited() | AccountModeChanged() | AutoTopUpFailed() | MandateSuspended():
            call = _called_for_account(event)
        case SupplyApology() | ReconnectionLate():
            call = _called_for_our_fault(event)
        case SupplyChanged():
            call = _called_for_supply(event, account)
        case _:
            pass
    return call


def _with_ends(facts: Facts, ends: MoneyEnds | None) -> Facts:
    """When money will probably end, where somebody knows."""
    if ends is None or ends.p50 is None or ends.buy_by is None:
        return facts
    return msgspec.structs.replace(
        facts, ends_at=ends.p50, buy_by=ends.buy_by, timezone=ends.timezone
    )


def _called_for_account(
    event: Credited | AccountModeChanged | AutoTopUpFailed | MandateSuspended,
) -> Call | None:
    """Of what was given or taken for a reason of its own, the notice of that tells."""
    if isinstance(event, AutoTopUpFailed | MandateSuspended):
        return called_for_mandate(event)
    if isinstance(event, AccountModeChanged):
        to_prepaid = event.mode is Mode.PREPAY
        return Call(Template.NOW_PREPAID if to_prepaid else Template.NOW_POSTPAID, _facts(event))
    if event.kind not in _BY_STAFF or event.amount_micro == 0:
        return None
    template = Template.BALANCE_ADDED if event.amount_micro > 0 else Template.BALANCE_TAKEN
    return Call(template, _facts(event, amount_micro=abs(event.amount_micro)))


def _called_for_our_fault(event: SupplyApology | ReconnectionLate) -> Call:
    if isinstance(event, SupplyApology):
        return Call(Template.SUPPLY_APOLOGY, _facts(event))
    # The credit has no notice of its own.
    facts = _facts(event, amount_micro=event.credit_micro or None, stage=event.stage)
    return Call(Template.RECONNECTION_LATE, facts)


def _called_for_supply(event: SupplyChanged, account: Account) -> Call | None:
    if event.state is SupplyState.DISCONNECTED:
        return Call(Template.SUPPLY_OFF, with_pay_url(_facts(event), event), 0)
    if event.state is SupplyState.LIMITED and event.previous is not SupplyState.LIMITED:
        facts = _facts(event, limit_w=event.limit_w)
        return Call(Template.SUPPLY_LIMITED, with_pay_url(facts, event), 0)
    if event.state is SupplyState.LIMITED and is_raised(event.limit_w, account.limit_w):
        return Call(Template.SUPPLY_LIMIT_RAISED, _facts(event, limit_w=event.limit_w), 0)
    if event.state is SupplyState.ARMED and event.previous is not SupplyState.ARMED:
        return Call(Template.SUPPLY_ARMED, _facts(event))
    if event.state in SUPPLIED and account.supply_off_since:
        return Call(Template.SUPPLY_ON, _facts(event))
    return None


def is_raised(limit_w: int | None, told_w: int | None) -> bool:
    """The ledger says so as it asks the meter for the new limit. One that it asks for again is the
    same; a lower one takes supply away, and is told as a limit once the meter has it."""
    return limit_w is not None and told_w is not None and limit_w > told_w


def _facts(
    event: LowBalance
    | BalanceExhausted
    | ToppedUp
    | EmergencyCreditChanged
    | PaymentTakenBack
    | SupplyChanged
    | SupplyApology
    | ReconnectionLate
    | Credited
    | AccountModeChanged,
    *,
    threshold_micro: int | None = None,
    days_left: int | None = None,
    amount_micro: int | None = None,
    limit_w: int | None = None,
    stage: ReconnectionStage | None = None,
) -> Facts:
    return Facts(
        at=event.at,
        currency=event.currency,
        balance_micro=event.balance_micro,
        threshold_micro=threshold_micro,
        days_left=days_left,
        amount_micro=amount_micro,
        limit_w=limit_w,
        stage=stage,
    )
