"""A refund's money moves, its account is told, and the step is kept."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol
from uuid import UUID

from prepay_ledger.balances.ports import HasBalances
from prepay_ledger.events import Publishes, account_event
from prepay_ledger.journal.ports import HasJournals
from prepay_ledger.journal.values import Balance, Entry, Journal
from prepay_ledger.refunds.ports import HasRefunds
from prepay_ledger.refunds.refusals import KeyUsedBefore, RefundNotSo, UnknownRefund
from prepay_ledger.refunds.values import REFUND, Refund, RefundState, Step
from prewatt_common.contracts.ledger_events_v1 import Credited


class MovingUnit(HasBalances, HasJournals, HasRefunds, Publishes, Protocol):
    """A transaction in which a refund's money moves."""


async def locked_refund(unit: MovingUnit, refund_id: UUID) -> Refund:
    """As it stands once nobody else moves money of its account. Raises `UnknownRefund`."""
    found = await unit.refunds.refund(refund_id)
    if found is not None:
        await unit.balances.lock(found.account_id)
        found = await unit.refunds.refund(refund_id)
    if found is None:
        message = f"there is no refund {refund_id}"
        raise UnknownRefund(message)
    return found


def check_state(refund: Refund, *states: RefundState) -> None:
    """Raises `RefundNotSo` unless it is in one of them."""
    if refund.state not in states:
        message = f"refund {refund.id} is {refund.state}; nothing was changed"
        raise RefundNotSo(message)


async def done_before(unit: HasRefunds, asked: Step) -> bool:
    """Whether the same was done under the key of ``asked``. Raises `KeyUsedBefore` where that was
    something else."""
    known = await unit.refunds.asked_as(asked.key, who=asked.decided.by)
    if known is None:
        return False
    same = (known.refund_id, known.action, known.bank_line, known.slip) == (
        asked.refund_id, asked.action, asked.bank_line, asked.slip
    )  # fmt: skip
    if not same:
        message = (
            f"the Idempotency-Key {asked.key} came before with something else, which stands: "
            f"{known.action} of refund {known.refund_id}; nothing was changed"
        )
        raise KeyUsedBefore(message)
    return True


async def move_refund(
    unit: MovingUnit,
    refund: Refund,
    step: Step,
    *,
    balance_micro: int,
    postings: Mapping[str, int],
) -> Balance | None:
    """Posts the step, which is kept with its journal, and the refund as it stands after it; tells
    the account's balance where ``balance_micro`` moves it, which is given. The account is
    locked."""
    moves = (Entry(refund.account_id, balance_micro),) if balance_micro else ()
    journal = Journal(
        kind=REFUND,
        source=f"{step.action}/{refund.id}/{step.id}",
        currency=refund.currency,
        entries=moves,
        postings=postings,
    )
    journal_id, balances = await unit.journals.post(journal, at=step.decided.at)
    await unit.refunds.put(refund)
    await unit.refunds.add_step(replace(step, journal_id=journal_id))
    if not balances:
        return None
    (balance,) = balances
    event = Credited(
        account_id=refund.account_id,
        kind=REFUND,
        source=str(step.id),
        amount_micro=balance_micro,
        balance_micro=balance.balance_micro,
        balance_number=balance.number,
        currency=refund.currency,
        at=step.decided.at,
    )
    await unit.publish([account_event(event, account_id=refund.account_id, at=step.decided.at)])
    return balance
