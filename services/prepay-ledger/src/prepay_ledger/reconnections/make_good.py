"""What follows from a reconnection that is late: the account's credit, and who is told why."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from prepay_ledger.events import account_event
from prepay_ledger.journal.ports import HasJournals
from prepay_ledger.journal.values import Entry, Journal
from prepay_ledger.reconnections.ports import Held
from prepay_ledger.reconnections.rules import breached, stage_of
from prepay_ledger.reconnections.values import COMPENSATION, SLA_CREDIT, Reconnection
from prepay_ledger.work_orders.values import NewWorkOrder, WorkOrderKind
from prewatt_common.contracts.ledger_events_v1 import Credited, ReconnectionLate
from prewatt_common.kafka.messages import Message


class MadeGood(NamedTuple):
    """A late reconnection as it stands now, and what is to be told."""

    reconnection: Reconnection
    messages: tuple[Message, ...]


async def make_good(
    unit: HasJournals, late: Reconnection, *, held: Held, now: datetime
) -> MadeGood:
    """Posts the credit, if there is one. Account and reconnection are locked, so it is posted with
    the row that says so, or not at all."""
    messages: list[Message] = []
    currency, balance_micro = held
    journal_id = None
    if late.credit_micro > 0:
        source = f"reconnection/{late.id}"
        journal_id, (balance,) = await unit.journals.post(
            Journal(
                kind=SLA_CREDIT,
                source=source,
                currency=currency,
                entries=(Entry(late.account_id, late.credit_micro),),
                postings={COMPENSATION: -late.credit_micro},
            ),
            at=now,
        )
        balance_micro = balance.balance_micro
        credited = Credited(
            account_id=late.account_id,
            kind=SLA_CREDIT,
            source=source,
            amount_micro=late.credit_micro,
            balance_micro=balance_micro,
            balance_number=balance.number,
            currency=currency,
            at=now,
        )
        messages.append(account_event(credited, account_id=late.account_id, at=now))
    assert late.deadline_at is not None, "it would not be late"
    told = ReconnectionLate(
        reconnection_id=late.id,
        account_id=late.account_id,
        meter_id=late.meter_id,
        cause=late.cause,
        caused_at=late.caused_at,
        deadline_at=late.deadline_at,
        stage=stage_of(late),
        credit_micro=late.credit_micro,
        balance_micro=balance_micro,
        currency=currency,
        at=now,
    )
    messages.append(account_event(told, account_id=late.account_id, at=now))
    return MadeGood(breached(late, now, journal_id=journal_id), tuple(messages))


def late_order(late: Reconnection, *, has_site_codes: bool) -> NewWorkOrder:
    """What somebody has to do at the site: close the relay, by a code where codes are set up. The
    code itself is shown to whoever may see it, and not kept with the order."""
    evidence: Mapping[str, Any] = {
        "reconnection_id": str(late.id),
        "cause": late.cause,
        "caused_at": late.caused_at.isoformat(),
        "deadline_at": None if late.deadline_at is None else late.deadline_at.isoformat(),
        "stage": stage_of(late),
        "site_code": "may be read" if has_site_codes else "not set up",
    }
    by_code = "a reconnection code may be read" if has_site_codes else "codes are not set up"
    return NewWorkOrder(
        kind=WorkOrderKind.PAID_BUT_DARK,
        meter_id=late.meter_id,
        account_id=late.account_id,
        reason=f"to be supplied since {late.caused_at:%Y-%m-%d %H:%M} UTC ({late.cause}), and the "
        f"reconnection stuck: {stage_of(late)}; {by_code}",
        evidence=evidence,
    )
