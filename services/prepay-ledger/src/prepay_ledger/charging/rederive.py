"""What people decided changes what was used and charged: it is derived anew."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from prepay_ledger.charging.charge_readings import derive_meters, new_row
from prepay_ledger.charging.ports import Unit
from prepay_ledger.charging.post_charges import post_charges
from prepay_ledger.charging.pricing import Pricings
from prewatt_common.refusals import Refusal
from prewatt_metering.rating.part import Unrated

_METERS_AT_ONCE = 1_000


class NotRated(Refusal):
    """The tariff asks for something that is not known, so what was decided cannot be charged."""

    kind = "not-rated"


async def rederive(
    *,
    unit: Unit,
    meter_ids: Collection[str],
    account_ids: Collection[UUID],
    now: datetime,
    source: str,
) -> Sequence[UUID]:
    """Derive the meters' use from all their readings and post what the charges of the accounts
    differ by; gives the accounts to review. The meters are held since before anything was decided
    (`ChargingStore.hold`). Raises `NotRated`: nothing of the decision is kept then."""
    try:
        return await _rederive(unit, meter_ids, account_ids, now=now, source=source)
    except Unrated as error:
        raise NotRated(str(error)) from error


async def _rederive(
    unit: Unit,
    meter_ids: Collection[str],
    account_ids: Collection[UUID],
    *,
    now: datetime,
    source: str,
) -> Sequence[UUID]:
    pricings = Pricings(await unit.tariffs.book())
    day = await unit.charging.posting_day()
    await unit.charging.hold_periods(account_ids)
    due: list[UUID] = []
    ordered = sorted(meter_ids)
    for begin in range(0, len(ordered), _METERS_AT_ONCE):
        some = ordered[begin : begin + _METERS_AT_ONCE]
        known = await unit.charging.meters(some)
        rows = [known.get(meter_id) or new_row(meter_id) for meter_id in some]
        changed, used = await derive_meters(
            unit=unit, rows=rows, new_readings={}, pricings=pricings
        )
        await unit.charging.save_meters(changed, day=day)
        due += await post_charges(
            unit=unit, changes=used, pricings=pricings, source=source, partition=0, now=now
        )
    due += await post_charges(
        unit=unit,
        changes=(),
        also=await unit.charging.agreements_of(account_ids),
        anew=True,
        pricings=pricings,
        source=source,
        partition=0,
        now=now,
    )
    return list(dict.fromkeys(due))
