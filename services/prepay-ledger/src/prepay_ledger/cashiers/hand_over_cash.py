"""Use case: a cashier hands over the cash of closed days, to the bank or to a person."""

from dataclasses import replace

from prepay_ledger.cashiers.ports import Unit
from prepay_ledger.cashiers.refusals import OtherCash, OtherRequest, SlipHandedOver
from prepay_ledger.cashiers.rules import hand_over_journal, in_hand_micro
from prepay_ledger.cashiers.values import DayState, HandOver
from prepay_ledger.vending.open_vendor import locked_vendor


async def hand_over_cash(*, unit: Unit, asked: HandOver) -> HandOver:
    """All that the seller has in hand of that desk, on its way: the journal is written here. The
    same again under the same key is answered as it is by now. Raises `UnknownVendor`,
    `OtherRequest`, `OtherCash` or `SlipHandedOver`."""
    vendor = await locked_vendor(unit, asked.vendor_code)
    known = await unit.cash.handed_over_as(asked.key, who=asked.who)
    if known is not None:
        if not known.tells(asked):
            message = (
                f"the Idempotency-Key {asked.key} came before with other cash, which stands: "
                f"{known.amount_micro} micro-units, slip {known.slip}"
            )
            raise OtherRequest(message)
        return known
    days = await unit.cash.closed(vendor.id, asked.seller)
    in_hand = in_hand_micro(days)
    if in_hand != asked.amount_micro:
        message = (
            f"{asked.seller} has {in_hand} micro-units of {vendor.code} in hand, of {len(days)} "
            f"closed days, and {asked.amount_micro} are to be handed over: it is all or nothing; "
            "nothing was changed"
        )
        raise OtherCash(message)
    told = replace(asked, vendor_id=vendor.id, currency=vendor.currency)
    journal_id, _ = await unit.journals.post(hand_over_journal(told), at=asked.at)
    made = replace(told, journal_id=journal_id)
    if not await unit.cash.add_hand_over(made):
        message = (
            f"slip {asked.slip} of {vendor.code} was handed over to the {asked.destination} with "
            f"before, or other cash under the Idempotency-Key {asked.key}; nothing was changed"
        )
        raise SlipHandedOver(message)
    for day in days:
        gone = replace(day, state=DayState.HANDED_OVER, hand_over_id=made.id)
        await unit.cash.put_state(gone)
    return made
