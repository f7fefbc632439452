"""What day it is for a debt."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from uuid import UUID

from prepay_ledger.debts.ports import DaysUnit
from prepay_ledger.debts.values import Debt
from prewatt_metering.calendar.instants import us_of


async def local_day(unit: DaysUnit, debt: Debt, *, at: datetime) -> date:
    """In the zone of the tariff that its agreement is by."""
    return (await local_days(unit, [debt], at=at))[debt.id]


async def local_days(
    unit: DaysUnit, debts: Collection[Debt], *, at: datetime
) -> Mapping[UUID, date]:
    """Likewise of several, by their ids; one statement for all."""
    codes = await unit.debts.tariff_codes({debt.agreement_id for debt in debts})
    book = await unit.tariffs.book()
    return {debt.id: book.calendar(codes[debt.agreement_id]).day_of(us_of(at)) for debt in debts}
