"""Meters to be looked at, as the pure rules have them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from ledger_expected import document

from prepay_ledger.charging.meters import Agreement, Installed, MeterTerms, packed_base_us
from prepay_ledger.charging.pricing import Pricings
from prepay_ledger.looks.look import BACK, Look, RecentMeter, look_at
from prepay_ledger.tariffs.book import Tariffs
from prewatt_metering.calendar.instants import DAY_US, us_of
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.meters import MeterFacts
from prewatt_metering.registers.packing import pack
from prewatt_metering.registers.readings import Reading
from prewatt_metering.registers.spans import Span
from prewatt_metering.tariffs.document import tariff_of
from prewatt_metering.vee.edit import Edit

ACCOUNT, AGREEMENT = UUID(int=1), UUID(int=2)
TODAY = date(2026, 6, 30)
FIRST = TODAY - BACK
NOW_US = us_of(datetime(2026, 6, 30, 2, tzinfo=UTC))
PRICINGS = Pricings(Tariffs([(tariff_of(document("t", timezone="UTC")), 0)]))
LOOK = Look(calendar=LocalCalendar("UTC"), first=FIRST, now_us=NOW_US, silence_borne_us=DAY_US)
DAY = timedelta(days=1)


def at(day: float) -> int:
    """The instant so many days after the first day that the look reaches back to."""
    return LOOK.calendar.first_instant_us(FIRST) + int(day * DAY_US)


def day_of(at_us: int) -> date:
    return LOOK.calendar.day_of(at_us)


def meter(
    came: Iterable[tuple[date, Reading]],
    *,
    days: Mapping[date, int] | None = None,
    edits: Sequence[Edit] = (),
    **installed: int | None,
) -> RecentMeter:
    """Its readings with the posting day on which each came."""
    packed: dict[date, list[Reading]] = {}
    for day, reading in came:
        packed.setdefault(day, []).append(reading)
    installation = Installation(meter="m", account=str(ACCOUNT), **installed)
    agreement = Agreement(
        id=AGREEMENT, account_id=ACCOUNT, tariff_code="t", first_day=date(2026, 1, 1)
    )
    return RecentMeter(
        meter_id="m",
        terms=MeterTerms(
            facts=MeterFacts(meter="m"),
            installed=[Installed(id=UUID(int=3), account_id=ACCOUNT, installation=installation)],
            agreements={ACCOUNT: [agreement]},
            edits=edits,
        ),
        packed=[(day, pack(some, base_us=packed_base_us(day))) for day, some in packed.items()],
        days={ACCOUNT: days} if days else {},
    )


def punctual(readings: Iterable[tuple[float, int]]) -> list[tuple[date, Reading]]:
    """(days after the first, Wh), each of which came on its own day."""
    return [(day_of(at(day)), Reading(at(day), wh)) for day, wh in readings]


def hourly(
    first: float = -1, last: float = 35, *, wh: int = 100, base_wh: int = 0
) -> list[tuple[float, int]]:
    return [(first + n / 24, base_wh + n * wh) for n in range(round((last - first) * 24) + 1)]


def found(
    looked: RecentMeter, relay_open: Sequence[Span] = (), look: Look = LOOK
) -> list[tuple[str, int, int, int | None, int | None]]:
    return [
        (each.check, each.begin_us, each.end_us, each.before, each.after)
        for each in look_at(looked, relay_open=relay_open, look=look, pricings=PRICINGS)
    ]
