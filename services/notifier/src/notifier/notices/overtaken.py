"""What an event leaves with nothing true to say. It is newer than the notices that it is held
against: whether it is, `order` says."""

from dataclasses import dataclass
from uuid import UUID

from notifier.notices.calls import OF_CREDIT, SUPPLIED, LedgerEvent
from notifier.notices.values import TOLD_AS, Notice, Template
from prewatt_common.contracts.emergency_credit_v1 import EmergencyCreditChanged
from prewatt_common.contracts.ledger_events_v1 import (
    BalanceExhausted,
    Credited,
    DebtChanged,
    LowBalance,
    PaymentTakenBack,
    SupplyApology,
    SupplyChanged,
    SupplyState,
    ToppedUp,
)
from prewatt_common.contracts.mode_events_v1 import AccountModeChanged
from prewatt_common.contracts.procedure_v1 import Mode

_REMINDERS = frozenset(
    {
        Template.LOW_BALANCE,
        Template.BALANCE_EXHAUSTED,
        Template.SUPPLY_OFF,
        Template.SUPPLY_LIMITED,
        Template.SUPPLY_LIMIT_RAISED,
    }
)
_SETTLED = _REMINDERS | {Template.PAYMENT_REMINDER, Template.COLLECTION_FAILED}
"""What a balance that is high enough leaves with nothing to say."""
_OF_BALANCE = frozenset({Template.LOW_BALANCE, Template.BALANCE_EXHAUSTED})
"""What says that the balance ends: overtaken by a newer one, and by the end of supply."""
_TAKEN = {
    SupplyState.DISCONNECTED: Template.SUPPLY_OFF,
    SupplyState.LIMITED: Template.SUPPLY_LIMITED,
}
_OF_SUPPLY = frozenset({*_TAKEN.values(), Template.SUPPLY_LIMIT_RAISED})
"""What says that there is none, or how much."""


@dataclass(frozen=True, slots=True)
class OpenNotice:
    """A notice that may still be sent."""

    id: UUID
    account_id: UUID
    template: Template
    settled_above_micro: int | None
    debt_id: UUID | None = None
    """It tells that an instalment of this debt was not collected."""


def makes_untrue(*, event: LedgerEvent, notice: Notice | OpenNotice) -> bool:
    """Whether ``event``, newer than ``notice``, leaves it with nothing true to say: what the
    customer is told no more, a nominated person is not either."""
    if notice.account_id != event.account_id:
        return False
    template = TOLD_AS.get(notice.template, notice.template)
    debt_id = notice.debt_id if isinstance(notice, OpenNotice) else notice.facts.debt_id
    if template is Template.COLLECTION_FAILED:
        if notice.settled_above_micro is None:
            # It alone says that the mandate is over, whatever is paid.
            return False
        if debt_id is not None:
            return _answers_instalment(event, debt_id, notice.settled_above_micro)
    return _makes_untrue(event, template, notice.settled_above_micro)


def _answers_instalment(event: LedgerEvent, debt_id: UUID, settled_above_micro: int) -> bool:
    """Other money, and what pays or ends other debts, leaves it as owed as it was."""
    match event:
        case ToppedUp():
            paid_micro = sum(e.amount_micro for e in event.paid_off if e.debt_id == debt_id)
            return paid_micro > settled_above_micro
        case DebtChanged(owed_debts=owed_debts):
            return owed_debts is not None and debt_id not in owed_debts
        case _:
            return False


def _makes_untrue(  # noqa: PLR0911 - a case each
    event: LedgerEvent, template: Template, settled_above_micro: int | None
) -> bool:
    match event:
        case ToppedUp() if template in (Template.LOW_BALANCE, Template.AUTO_TOP_UP_FAILED):
            # Its receipt says what the balance is now: nobody who has paid is reminded.
            return True
        case ToppedUp() | Credited() | PaymentTakenBack():
            return (
                template in _SETTLED
                and settled_above_micro is not None
                and event.balance_micro > settled_above_micro
            )
        case SupplyChanged(state=state) if state in _TAKEN:
            others = {*_OF_SUPPLY, *_OF_BALANCE, Template.SUPPLY_ON, Template.SUPPLY_ARMED}
            # The same limit may be asked for again: what it was raised to still stands.
            kept = {Template.SUPPLY_LIMIT_RAISED} if event.previous is state else set[Template]()
            return template in others - {_TAKEN[state]} - kept
        case SupplyChanged(state=state) if state in SUPPLIED:
            return template in (
                *_OF_SUPPLY,
                Template.SUPPLY_ARMED,
                Template.RECONNECTION_LATE,
            )
        case SupplyChanged(state=SupplyState.ARMED):
            return template in (*_OF_SUPPLY, Template.RECONNECTION_LATE)
        case SupplyApology():
            return template in _REMINDERS
        case AccountModeChanged(mode=Mode.ARREARS):
            # Nobody is cut for a balance any more.
            return template in {*_OF_BALANCE, *OF_CREDIT.values()}
        case AccountModeChanged(mode=Mode.PREPAY):
            # What was owed is a debt, with its own plan, or due at once.
            return template in (Template.PAYMENT_REMINDER, Template.COLLECTION_FAILED)
        case EmergencyCreditChanged():
            return template in OF_CREDIT.values()
        case LowBalance():
            # The newer one says what is left now.
            return template is Template.LOW_BALANCE
        case BalanceExhausted():
            return template in _OF_BALANCE
        case _:
            return False
