"""Use case: a second person says that cash which was handed over has come."""

from dataclasses import replace
from uuid import UUID

from prepay_ledger.cashiers.ports import Unit
from prepay_ledger.cashiers.refusals import Received, UnknownHandOver
from prepay_ledger.cashiers.rules import check_explained, receipt_journal
from prepay_ledger.cashiers.values import HandOver, Receipt
from prepay_ledger.vending.open_vendor import check_sells_not, locked_vendor
from prewatt_common.refusals import NeedsSecondPerson


async def receive_cash(*, unit: Unit, hand_over_id: UUID, asked: Receipt) -> HandOver:
    """The hand-over, received: the journal is written here. The same again under the same key
    changes nothing. Raises `UnknownHandOver`, `Received`, `NeedsSecondPerson`, `DutiesNotSeparate`
    or `DifferenceUnexplained`."""
    found = await unit.cash.hand_over(hand_over_id)
    if found is None:
        message = f"there is no hand-over {hand_over_id}"
        raise UnknownHandOver(message)
    vendor = await locked_vendor(unit, found.vendor_code)
    hand_over = await unit.cash.hand_over(hand_over_id)
    assert hand_over is not None, "a hand-over stays"
    if hand_over.receipt is not None:
        return _repeated(hand_over, hand_over.receipt, asked)
    if asked.who in (hand_over.seller, hand_over.who):
        message = (
            f"{asked.who} handed it over, so somebody else has to receive it; nothing was changed"
        )
        raise NeedsSecondPerson(message)
    await check_sells_not(unit, vendor, asked.who)
    check_explained(
        difference_micro=asked.received_micro - hand_over.amount_micro, reason=asked.reason
    )
    journal_id, _ = await unit.journals.post(receipt_journal(hand_over, asked), at=asked.at)
    receipt = replace(asked, journal_id=journal_id)
    await unit.cash.add_receipt(hand_over.id, receipt)
    return replace(hand_over, receipt=receipt)


def _repeated(hand_over: HandOver, done: Receipt, asked: Receipt) -> HandOver:
    told = (asked.key, asked.received_micro, asked.who, asked.reason)
    if (done.key, done.received_micro, done.who, done.reason) != told:
        message = (
            f"hand-over {hand_over.id} was received at {done.at:%Y-%m-%d %H:%M} UTC by {done.who}: "
            f"{done.received_micro} micro-units; nothing was changed"
        )
        raise Received(message)
    return hand_over
