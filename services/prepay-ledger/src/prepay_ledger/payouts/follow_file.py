"""Use case: the payouts of a day are those that the file has which holds for it."""

from datetime import date, datetime

from prepay_ledger.payouts.ports import HasPayouts
from prepay_ledger.payouts.rules import changes, payouts_in
from prepay_ledger.payouts.values import Payout, PayoutState
from prepay_ledger.settlement_files.values import Lines
from prewatt_common.ids import new_id


async def follow_file(
    *, unit: HasPayouts, provider: str, business_day: date, lines: Lines, now: datetime
) -> None:
    """In the transaction that keeps the file; its provider is locked."""
    before = await unit.payouts.of_day(provider, business_day)
    found = changes(before, list(payouts_in(provider, business_day, lines)))
    await unit.payouts.add(
        [
            Payout(id=new_id(), key=each, stands=True, state=PayoutState.EXPECTED, found_at=now)
            for each in found.new
        ]
    )
    for each in found.changed:
        await unit.payouts.change(each)
