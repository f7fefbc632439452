"""What people decided changes what was used and charged: it is derived anew."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from prepay_ledger.charging.charge_agreement import Charged
from prepay_ledger.charging.charge_readings import derive_meters, new_row
from prepay_ledger.charging.enter_charges import enter_open
from prepay_ledger.charging.ports import Unit
from prepay_ledger.charging.post_charges import Posted, post_charges
from prepay_ledger.charging.post_estimates import take_back
from prepay_ledger.charging.pricing import Pricings
from prepay_ledger.charging.settled import EVER_US
from prepay_ledger.charging.split_charged import READ, Cause, split_charged
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
    source: str | None = None,
    cause: Cause = READ,
    from_us: int = EVER_US,
) -> Sequence[UUID]:
    """Derive the meters' use from all their readings and post what the charges of the accounts
    differ by; gives the accounts to review. ``source``: what was decided, which the entries of the
    difference name; none where it is no correction but a beginning. ``cause``: of what is billed,
    so that what is long ago, or our fault, is owed apart from the balance. ``from_us``: it concerns
    readings of this instant or later alone, and no terms. The meters are held since before anything
    was decided (`ChargingStore.hold`). Raises `NotRated` or `ReadingsHaveLeft`: nothing of the
    decision is kept then."""
    await unit.charging.hold_periods(account_ids)
    if source is not None:
        day = await unit.charging.posting_day()
        await enter_open(unit=unit, account_ids=account_ids, source=f"day/{day}", at=now)
    try:
        posted = await _rederive(
            unit, meter_ids, account_ids, now=now, source=source, from_us=from_us
        )
    except Unrated as error:
        raise NotRated(str(error)) from error
    await split_charged(unit, posted.charged, cause, now=now)
    if source is not None:
        await enter_open(unit=unit, account_ids=account_ids, source=source, at=now)
    return list(dict.fromkeys(posted.due))


async def _rederive(
    unit: Unit,
    meter_ids: Collection[str],
    account_ids: Collection[UUID],
    *,
    now: datetime,
    source: str | None,
    from_us: int,
) -> Posted:
    pricings = Pricings(await unit.tariffs.book())
    day = await unit.charging.posting_day()
    due: list[UUID] = []
    charged: list[Charged] = []
    ordered = sorted(meter_ids)
    for begin in range(0, len(ordered), _METERS_AT_ONCE):
        some = ordered[begin : begin + _METERS_AT_ONCE]
        known = await unit.charging.meters(some)
        rows = [known.get(meter_id) or new_row(meter_id) for meter_id in some]
        changed, used = await derive_meters(
            unit=unit, rows=rows, new_readings={}, pricings=pricings, decided_from_us=from_us
        )
        await unit.charging.save_meters(changed, day=day)
        posted = await post_charges(
            unit=unit, changes=used, pricings=pricings, partition=0, day=day, now=now
        )
        due += posted.due
        charged += posted.charged
    agreements = await unit.charging.agreements_of(account_ids)
    # Whatever was decided, what is estimated rests on it: the next day's is made anew.
    posted = await post_charges(
        unit=unit,
        changes=(),
        also=agreements,
        anew=True,
        taken_back=await take_back(
            unit, [each.id for each in agreements], source=source or f"day/{day}"
        ),
        pricings=pricings,
        partition=0,
        day=day,
        now=now,
    )
    return Posted([*due, *posted.due], [*charged, *posted.charged])
