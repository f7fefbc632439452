"""Use case: a cashier counts the drawer and closes the day."""

from dataclasses import replace
from zoneinfo import ZoneInfo

from prepay_ledger.cashiers.ports import Unit
from prepay_ledger.cashiers.refusals import (
    DayCounted,
    NotADesk,
    OtherRequest,
    UnknownCashDay,
)
from prepay_ledger.cashiers.rules import check_explained, close_journal, needs_second_person
from prepay_ledger.cashiers.values import (
    CashDay,
    Count,
    CountOrder,
    DayState,
    Decision,
    Outcome,
    OutcomeAction,
)
from prepay_ledger.vending.open_vendor import locked_vendor
from prepay_ledger.vending.values import Vendor, VendorKind
from prewatt_common.clock import Clock
from prewatt_common.ids import new_id


class CountCash:
    """After it nothing is sold or voided in that drawer on that day."""

    def __init__(self, *, zone: ZoneInfo, clock: Clock) -> None:
        self._zone = zone
        self._clock = clock

    async def __call__(self, unit: Unit, *, asked: CountOrder) -> CashDay:
        """The day: closed where nothing differs, else counted until a second person accepts it.

        The desk's row is locked before the clock and the drawer are read, as a sale has it locked:
        a sale is of before the count, or refused. The same again under the same key is answered as
        the day is by now. Raises `UnknownVendor`, `NotADesk`, `UnknownCashDay`, `OtherRequest`,
        `DayCounted` or `DifferenceUnexplained`.
        """
        vendor = await locked_vendor(unit, asked.vendor_code)
        _check_is_desk(vendor)
        now = self._clock()
        known = await unit.cash.counted_as(asked.key, who=asked.who)
        day = await unit.cash.day_of(vendor, asked)
        if known is not None:
            return _repeated(day, known, asked)
        if day is None:
            day = await self._without_sales(unit, vendor, asked)
        if day.state is not DayState.OPEN:
            message = (
                f"{asked.business_day} of {asked.seller} at {asked.vendor_code} is {day.state} "
                "already; nothing was changed"
            )
            raise DayCounted(message)
        count = Count(
            id=new_id(),
            key=asked.key,
            expected_micro=day.expected_micro,
            counted_micro=asked.counted_micro,
            who=asked.who,
            reason=asked.reason,
            at=now,
        )
        check_explained(difference_micro=count.difference_micro, reason=asked.reason)
        await unit.cash.add_count(day.id, count)
        if needs_second_person(count):
            counted = replace(day, state=DayState.COUNTED, count=count)
            await unit.cash.put_state(counted)
            return counted
        equal = Decision(
            count_id=count.id,
            action=OutcomeAction.CLOSED,
            key=asked.key,
            who=asked.who,
            reason=asked.reason,
            at=now,
        )
        return await close_day(unit, vendor, replace(day, count=count), count, equal)

    async def _without_sales(self, unit: Unit, vendor: Vendor, asked: CountOrder) -> CashDay:
        today = self._clock().astimezone(self._zone).date()
        sells = await unit.vendors.sells_for(asked.seller) == vendor.id
        if asked.business_day != today or not sells:
            message = (
                f"{asked.seller} took no cash at {asked.vendor_code} on {asked.business_day}; "
                "nothing was changed"
            )
            raise UnknownCashDay(message)
        return await unit.cash.begin(vendor, asked)


async def close_day(
    unit: Unit, vendor: Vendor, day: CashDay, count: Count, decided: Decision
) -> CashDay:
    """Its cash leaves the desk's account for the seller's hands, whatever was counted; what differs
    is short or over."""
    journal = close_journal(day, count, provider=vendor.provider)
    journal_id, _ = await unit.journals.post(journal, at=decided.at)
    outcome = Outcome(
        action=OutcomeAction.CLOSED,
        key=decided.key,
        who=decided.who,
        reason=decided.reason,
        journal_id=journal_id,
        at=decided.at,
    )
    await unit.cash.add_outcome(count.id, outcome)
    closed = replace(day, state=DayState.CLOSED, count=replace(count, outcome=outcome))
    await unit.cash.put_state(closed)
    await unit.vendors.put_sold(
        replace(vendor, balance_micro=vendor.balance_micro + count.expected_micro)
    )
    return closed


def _check_is_desk(vendor: Vendor) -> None:
    if vendor.kind is not VendorKind.CASHIER:
        message = (
            f"vendor {vendor.code} is no desk of the utility's but of kind {vendor.kind}: its cash "
            "is its own, and it pays in"
        )
        raise NotADesk(message)


def _repeated(day: CashDay | None, known: CountOrder, asked: CountOrder) -> CashDay:
    if known != asked or day is None:
        message = (
            f"the Idempotency-Key {asked.key} came before with the count of {known.business_day} "
            f"of {known.seller} at {known.vendor_code}, which stands"
        )
        raise OtherRequest(message)
    return day
