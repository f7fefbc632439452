"""What is asked of an account before money is."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from prepay_ledger.balances.values import Account
from prepay_ledger.mandates.ports import HasMandates
from prepay_ledger.mandates.rules import month_of, next_month
from prepay_ledger.mandates.values import Mandate, Standing
from prewatt_metering.calendar.instants import instant_of, us_of
from prewatt_metering.calendar.local import LocalCalendar


@dataclass(frozen=True, slots=True)
class Days:
    """The customer's days."""

    calendar: LocalCalendar

    def day_of(self, at: datetime) -> date:
        """On which the instant lies."""
        return self.calendar.day_of(us_of(at))

    def begin_of(self, day: date) -> datetime:
        """Its first instant."""
        return instant_of(self.calendar.first_instant_us(day))


async def load_standing(
    unit: HasMandates, account: Account, mandate: Mandate, *, zone: ZoneInfo, now: datetime
) -> tuple[Standing, Days]:
    """Of an account that is locked. ``zone``: the utility's, where no tariff says another."""
    known = await unit.mandates.known(account.id, consent_at=mandate.consent.at, now=now)
    days = Days(LocalCalendar(known.zone or zone))
    today = days.day_of(now)
    month = await unit.mandates.month(account.id, month_of(today), next_month(today))
    standing = Standing(
        balance_micro=account.balance_micro,
        today=today,
        has_meter=known.has_meter,
        is_disputed=known.is_disputed,
        has_open=known.has_open,
        month=month,
    )
    return standing, days
