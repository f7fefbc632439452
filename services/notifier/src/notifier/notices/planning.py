"""Which notices a batch of ledger events calls for, and which it makes untrue.

A payment that covers a reminder supersedes it for good, also where both are in one batch. Events
are taken in the order of their account's partition, where one may come again after newer ones: it
takes none of those back (`order`).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from uuid import UUID

from notifier.contacts.consents import Purpose
from notifier.contacts.nominations import Nominated
from notifier.contacts.values import Contact, Language, default_contact
from notifier.notices.call import Call
from notifier.notices.calls import SUPPLIED, Account, LedgerEvent, called_for
from notifier.notices.making import make_notice
from notifier.notices.order import is_overtaken, newer, told_by
from notifier.notices.overtaken import OpenNotice, makes_untrue
from notifier.notices.treatment import worth_until
from notifier.notices.values import (
    FOR_NOMINATED,
    NO_MONEY,
    Facts,
    Notice,
    Status,
    Template,
)
from prewatt_common.contracts.ledger_events_v1 import (
    AccountOpened,
    SupplyChanged,
    SupplyState,
)

_RECEIPTS = frozenset(
    {
        Template.TOPPED_UP,
        Template.PAYMENT_TAKEN_BACK,
        Template.BALANCE_ADDED,
        Template.BALANCE_TAKEN,
        Template.EMERGENCY_CREDIT_ACCEPTED,
    }
)
"""What has happened, however late it is told; all else that a balance calls for says what is."""


@dataclass(frozen=True, slots=True)
class Cause:
    """An event and the id that a repeat of it is recognised by."""

    id: UUID
    event: LedgerEvent


@dataclass(slots=True)
class Plan:
    """What to write: notices to add, open ones to supersede, accounts that changed."""

    notices: list[Notice] = field(default_factory=lambda: [])
    withdrawn: list[UUID] = field(default_factory=lambda: [])
    accounts: dict[UUID, Account] = field(default_factory=lambda: {})


def plan_notices(
    *,
    causes: Sequence[Cause],
    taken: Collection[UUID],
    accounts: Mapping[UUID, Account],
    contacts: Mapping[UUID, Contact],
    declined: Mapping[UUID, Collection[Purpose]],
    nominated: Mapping[UUID, Nominated],
    open_notices: Sequence[OpenNotice],
    default_language: Language,
    lifetimes: Mapping[Template, timedelta],
    zone: tzinfo,
    now: datetime,
) -> Plan:
    """The plan for ``causes``, in their order. Those in ``taken`` were planned before: passed over.
    A notice's time runs from ``now``: events that waited for us cost it nothing.

    ``open_notices`` are those of the accounts concerned, made before this batch. ``zone``: in which
    customers' days begin.
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
        call = called_for(event, before)
        is_late = is_overtaken(told_by(event), before.newest)
        if is_late and (call is None or call.template not in _RECEIPTS):
            continue

        def is_over(
            notice: Notice | OpenNotice,
            event: LedgerEvent = event,
            call: Call | None = call,
            is_late: bool = is_late,
        ) -> bool:
            if is_late:
                return False
            return makes_untrue(event=event, notice=notice) or _is_raised_further(call, notice)

        withdrawn |= {n.id for n in open_for[account_id] if is_over(n)}
        for place in made_for[account_id]:
            made = plan.notices[place]
            if made.status is Status.QUEUED and is_over(made):
                plan.notices[place] = replace(made, status=Status.WITHDRAWN)
        if call is not None:
            contact = contacts.get(account_id) or default_contact(account_id, default_language)
            told = [(call, contact, declined.get(account_id, ()))]
            person = nominated.get(account_id)
            if person is not None and (theirs := for_nominated(call)) is not None:
                told.append((theirs, person.contact, person.declined))
            for each, whom, unwanted in told:
                made_for[account_id].append(len(plan.notices))
                plan.notices.append(
                    make_notice(
                        cause_id=cause.id,
                        template=each.template,
                        contact=whom,
                        channel=whom.next_channel(()),
                        facts=each.facts,
                        settled_above_micro=each.settled_above_micro,
                        position=0,
                        now=now,
                        expires_at=worth_until(
                            each.template, each.facts, now=now, lifetimes=lifetimes, zone=zone
                        ),
                        declined=unwanted,
                    )
                )
        after = _after(event, before)
        if after != before:
            plan.accounts[account_id] = after
    plan.withdrawn = sorted(withdrawn)
    return plan


def for_nominated(call: Call) -> Call | None:
    """What a nominated person is told of the same, if anything. Its facts have no money: no text,
    whoever writes it, can say any."""
    template = FOR_NOMINATED.get(call.template)
    if template is None:
        return None
    return Call(template, Facts(at=call.facts.at, currency=NO_MONEY), call.settled_above_micro)


def _is_raised_further(call: Call | None, notice: Notice | OpenNotice) -> bool:
    """Whether a limit that was raised is raised again: the same one asked for anew calls for
    nothing, and leaves the notice as it is."""
    raised = Template.SUPPLY_LIMIT_RAISED
    return call is not None and call.template is raised and notice.template is raised


def _is_from_before_the_cut(event: LedgerEvent, account: Account) -> bool:
    """A connected state can come again after the cut that followed it; it made no notice to be
    recognised by, and would tell of a supply that is not there."""
    return (
        isinstance(event, SupplyChanged)
        and event.state in SUPPLIED
        and account.supply_off_since is not None
        and event.at <= account.supply_off_since
    )


def _after(event: LedgerEvent, account: Account) -> Account:
    account = replace(account, newest=newer(told_by(event), account.newest))
    match event:
        case AccountOpened():
            return replace(account, number=event.number)
        case SupplyChanged(state=SupplyState.LIMITED):
            return replace(account, supply_off_since=event.at, limit_w=event.limit_w)
        case SupplyChanged(state=SupplyState.DISCONNECTED):
            return replace(account, supply_off_since=event.at, limit_w=None)
        case SupplyChanged(state=state) if state in SUPPLIED:
            return replace(account, supply_off_since=None, limit_w=None)
        case _:
            return account
