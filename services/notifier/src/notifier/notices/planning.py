"""Which notices a batch of ledger events calls for, and which it makes untrue.

Events are taken in the order of their account's partition. A payment that covers a reminder
supersedes it for good, also where both are in one batch.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

import msgspec

from notifier.contacts.consents import Purpose
from notifier.contacts.values import Contact, Language, default_contact
from notifier.notices.making import make_notice
from notifier.notices.values import Facts, Notice, Status, Template
from prewatt_common.contracts.emergency_credit_v1 import (
    EmergencyCreditChanged,
    EmergencyCreditNews,
)
from prewatt_common.contracts.ledger_events_v1 import (
    AccountOpened,
    BalanceExhausted,
    Credited,
    DebtChanged,
    DebtNews,
    LowBalance,
    MoneyEnds,
    PaymentTakenBack,
    ReconnectionLate,
    ReconnectionStage,
    SupplyApology,
    SupplyChanged,
    SupplyState,
    ToppedUp,
    WarnedBy,
)

LedgerEvent: TypeAlias = (
    AccountOpened
    | LowBalance
    | BalanceExhausted
    | ToppedUp
    | Credited
    | DebtChanged
    | EmergencyCreditChanged
    | PaymentTakenBack
    | SupplyChanged
    | SupplyApology
    | ReconnectionLate
)

_SUPPLIED = {SupplyState.CONNECTED, SupplyState.WARNED, SupplyState.PENDING}
_REMINDERS = frozenset(
    {
        Template.LOW_BALANCE,
        Template.BALANCE_EXHAUSTED,
        Template.SUPPLY_OFF,
        Template.SUPPLY_LIMITED,
    }
)
_OF_BALANCE = frozenset({Template.LOW_BALANCE, Template.BALANCE_EXHAUSTED})
"""What says that the balance ends: overtaken by a newer one, and by the end of supply."""
_TAKEN = {
    SupplyState.DISCONNECTED: Template.SUPPLY_OFF,
    SupplyState.LIMITED: Template.SUPPLY_LIMITED,
}


_OF_DEBT = {
    DebtNews.OWED: Template.DEBT_OWED,
    DebtNews.LOWERED: Template.DEBT_LOWERED,
    DebtNews.WRITTEN_OFF: Template.DEBT_WRITTEN_OFF,
    DebtNews.PAID: Template.DEBT_PAID,
}


_OF_CREDIT = {
    EmergencyCreditNews.OFFERED: Template.EMERGENCY_CREDIT_OFFERED,
    EmergencyCreditNews.ACCEPTED: Template.EMERGENCY_CREDIT_ACCEPTED,
}
"""That it is over, the receipt of what repaid it says."""


@dataclass(frozen=True, slots=True)
class Cause:
    """An event and the id that a repeat of it is recognised by."""

    id: UUID
    event: LedgerEvent


@dataclass(frozen=True, slots=True)
class Account:
    """What the notifier remembers of an account."""

    id: UUID
    number: str | None = None
    supply_off_since: datetime | None = None
    """The relay was confirmed open or limited then, and has not been confirmed closed since."""


@dataclass(frozen=True, slots=True)
class OpenNotice:
    """A notice that may still be sent."""

    id: UUID
    account_id: UUID
    template: Template
    settled_above_micro: int | None


@dataclass(slots=True)
class Plan:
    """What to write: notices to add, open ones to supersede, accounts that changed."""

    notices: list[Notice] = field(default_factory=lambda: [])
    withdrawn: list[UUID] = field(default_factory=lambda: [])
    accounts: dict[UUID, Account] = field(default_factory=lambda: {})


@dataclass(frozen=True, slots=True)
class _Call:
    template: Template
    facts: Facts
    settled_above_micro: int | None = None


def plan_notices(
    *,
    causes: Sequence[Cause],
    taken: Collection[UUID],
    accounts: Mapping[UUID, Account],
    contacts: Mapping[UUID, Contact],
    declined: Mapping[UUID, Collection[Purpose]],
    open_notices: Sequence[OpenNotice],
    default_language: Language,
    lifetimes: Mapping[Template, timedelta],
    now: datetime,
) -> Plan:
    """The plan for ``causes``, in their order. Those in ``taken`` were planned before: passed over.
    A notice's time runs from ``now``: events that waited for us cost it nothing.

    ``open_notices`` are those of the accounts concerned, made before this batch.
    """
    plan = Plan()
    seen = set(taken)
    withdrawn: set[UUID] = set()
    made_for: defaultdict[UUID, list[int]] = defaultdict(list)
    open_for: defaultdict[UUID, list[OpenNotice]] = defaultdict(list)
    for notice in open_notices:
        open_for[notice.account_id].append(notice)
    for cause in causes:
        if cause.id in seen:
            continue
        seen.add(cause.id)
        event = cause.event
        account_id = event.account_id
        before = plan.accounts.get(account_id) or accounts.get(account_id) or Account(account_id)
        if _is_from_before_the_cut(event, before):
            continue
        withdrawn |= {n.id for n in open_for[account_id] if makes_untrue(event=event, notice=n)}
        for place in made_for[account_id]:
            made = plan.notices[place]
            if made.status is Status.QUEUED and makes_untrue(event=event, notice=made):
                plan.notices[place] = replace(made, status=Status.WITHDRAWN)
        call = _called_for(event, before)
        if call is not None:
            made_for[account_id].append(len(plan.notices))
            contact = contacts.get(account_id) or default_contact(account_id, default_language)
            plan.notices.append(
                make_notice(
                    cause_id=cause.id,
                    template=call.template,
                    contact=contact,
                    channel=contact.next_channel(()),
                    facts=call.facts,
                    settled_above_micro=call.settled_above_micro,
                    position=0,
                    now=now,
                    expires_at=now + lifetimes[call.template],
                    declined=declined.get(account_id, ()),
                )
            )
        after = _after(event, before)
        if after != before:
            plan.accounts[account_id] = after
    plan.withdrawn = sorted(withdrawn)
    return plan


def makes_untrue(  # noqa: PLR0911 - a case each
    *, event: LedgerEvent, notice: Notice | OpenNotice
) -> bool:
    """Whether ``event``, newer than ``notice``, leaves it with nothing true to say."""
    if notice.account_id != event.account_id:
        return False
    match event:
        case ToppedUp() if notice.template is Template.LOW_BALANCE:
            # Its receipt says what the balance is now: nobody who has paid is reminded.
            return True
        case ToppedUp() | Credited() | PaymentTakenBack():
            return (
                notice.template in _REMINDERS
                and notice.settled_above_micro is not None
                and event.balance_micro > notice.settled_above_micro
            )
        case SupplyChanged(state=state) if state in _TAKEN:
            others = {Template.SUPPLY_ON, Template.SUPPLY_ARMED, *_OF_BALANCE, *_TAKEN.values()}
            return notice.template in others - {_TAKEN[state]}
        case SupplyChanged(state=state) if state in _SUPPLIED:
            return notice.template in (
                *_TAKEN.values(),
                Template.SUPPLY_ARMED,
                Template.RECONNECTION_LATE,
            )
        case SupplyChanged(state=SupplyState.ARMED):
            return notice.template in (*_TAKEN.values(), Template.RECONNECTION_LATE)
        case SupplyApology():
            return notice.template in _REMINDERS
        case EmergencyCreditChanged():
            return notice.template in _OF_CREDIT.values()
        case LowBalance():
            # The newer one says what is left now.
            return notice.template is Template.LOW_BALANCE
        case BalanceExhausted():
            return notice.template in _OF_BALANCE
        case _:
            return False


def _is_from_before_the_cut(event: LedgerEvent, account: Account) -> bool:
    """A connected state can come again after the cut that followed it; it made no notice to be
    recognised by, and would tell of a supply that is not there."""
    return (
        isinstance(event, SupplyChanged)
        and event.state in _SUPPLIED
        and account.supply_off_since is not None
        and event.at <= account.supply_off_since
    )


def _called_for(event: LedgerEvent, account: Account) -> _Call | None:
    call: _Call | None = None
    match event:
        case LowBalance():
            days_left = event.measure if event.warned_by is WarnedBy.DAYS_LEFT else None
            facts = _facts(event, threshold_micro=event.threshold_micro, days_left=days_left)
            facts = _with_ends(facts, event.ends)
            call = _Call(Template.LOW_BALANCE, facts, event.threshold_micro)
        case BalanceExhausted():
            call = _Call(Template.BALANCE_EXHAUSTED, _facts(event), 0)
        case ToppedUp():
            facts = _facts(event, amount_micro=event.amount_micro)
            facts = msgspec.structs.replace(
                facts, left_micro=event.left_micro, repaid_micro=event.repaid_micro or None
            )
            if event.paid_off_micro:
                owed = {"paid_off_micro": event.paid_off_micro, "owed_micro": event.owed_micro}
                facts = msgspec.structs.replace(facts, **owed)
            call = _Call(Template.TOPPED_UP, facts)
        case PaymentTakenBack(amount_micro=amount_micro) if amount_micro > 0:
            facts = _facts(event, amount_micro=amount_micro)
            if event.owed_again_micro > 0:
                facts = msgspec.structs.replace(facts, owed_again_micro=event.owed_again_micro)
            call = _Call(Template.PAYMENT_TAKEN_BACK, facts)
        case DebtChanged():
            call = _Call(_OF_DEBT[event.news], _facts_of_debt(event))
        case EmergencyCreditChanged(news=news) if news in _OF_CREDIT:
            facts = _facts(event, amount_micro=event.amount_micro)
            facts = msgspec.structs.replace(facts, left_micro=event.left_micro)
            call = _Call(_OF_CREDIT[news], facts)
        case SupplyApology():
            call = _Call(Template.SUPPLY_APOLOGY, _facts(event))
        case ReconnectionLate():
            # The credit has no notice of its own.
            amount_micro = event.credit_micro or None
            facts = _facts(event, amount_micro=amount_micro, stage=event.stage)
            call = _Call(Template.RECONNECTION_LATE, facts)
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


def _called_for_supply(event: SupplyChanged, account: Account) -> _Call | None:
    if event.state is SupplyState.DISCONNECTED:
        return _Call(Template.SUPPLY_OFF, _facts(event), 0)
    if event.state is SupplyState.LIMITED and event.previous is not SupplyState.LIMITED:
        return _Call(Template.SUPPLY_LIMITED, _facts(event, limit_w=event.limit_w), 0)
    if event.state is SupplyState.ARMED and event.previous is not SupplyState.ARMED:
        return _Call(Template.SUPPLY_ARMED, _facts(event))
    if event.state in _SUPPLIED and account.supply_off_since:
        return _Call(Template.SUPPLY_ON, _facts(event))
    return None


def _after(event: LedgerEvent, account: Account) -> Account:
    match event:
        case AccountOpened():
            return replace(account, number=event.number)
        case SupplyChanged(state=state) if state in _TAKEN:
            return replace(account, supply_off_since=event.at)
        case SupplyChanged(state=state) if state in _SUPPLIED:
            return replace(account, supply_off_since=None)
        case _:
            return account


def _facts_of_debt(event: DebtChanged) -> Facts:
    return Facts(
        at=event.at,
        currency=event.currency,
        balance_micro=event.balance_micro,
        amount_micro=event.amount_micro,
        owed_micro=event.owed_micro,
        after_days=event.after_days,
        instalments=event.instalments or None,
        next_due=event.next_due,
    )


def _facts(
    event: LowBalance
    | BalanceExhausted
    | ToppedUp
    | EmergencyCreditChanged
    | PaymentTakenBack
    | SupplyChanged
    | SupplyApology
    | ReconnectionLate,
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
