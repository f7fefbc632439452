"""A meter at an account, without a database: batches and decisions as the service does them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from prepay_ledger.charging.charge_agreement import PeriodState, charge_agreement
from prepay_ledger.charging.derive_meter import change_of_meter
from prepay_ledger.charging.follow_meter import follow_meter, open_meter_of
from prepay_ledger.charging.meters import (
    Agreement,
    Installed,
    MeterChange,
    MeterHistory,
    MeterRow,
    OpenMeter,
    OpenRow,
    UseChange,
    sum_of_use,
)
from prepay_ledger.charging.pricing import Pricings
from prepay_ledger.tariffs.book import BookKey
from prewatt_metering.calendar.instants import us_of
from prewatt_metering.calendar.local import LocalCalendar
from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.meters import MeterFacts
from prewatt_metering.registers.readings import Reading
from prewatt_metering.tariffs.book import TariffBook
from prewatt_metering.tariffs.document import tariff_of
from prewatt_metering.usage.days import DayUsage

ACCOUNT, AGREEMENT, INSTALLATION = UUID(int=1), UUID(int=2), UUID(int=3)
ZONE = "Europe/Berlin"
FIRST = date(2026, 10, 20)
BEGIN_US = us_of(datetime(2026, 10, 19, 22, tzinfo=UTC))
DOCUMENT: dict[str, Any] = {
    "code": "t",
    "valid_from": "2026-01-01",
    "currency": "EUR",
    "timezone": ZONE,
    "time_of_use": {
        "slots": [
            {"name": "day", "begin": "06:00", "end": "22:00"},
            {"name": "night", "begin": "22:00", "end": "06:00"},
        ]
    },
    "components": [
        {"kind": "energy", "name": "energy", "micro_per_kwh": {"day": 310_007, "night": 200_003}},
        {
            "kind": "blocks",
            "name": "blocks",
            "blocks": [
                {"upto_wh": 60_000, "micro_per_kwh": 0},
                {"upto_wh": None, "micro_per_kwh": 77_777},
            ],
        },
        {"kind": "standing", "name": "standing", "micro_per_day": 333_333},
        {"kind": "levy", "name": "vat", "rate_ppm": 190_000},
    ],
}


class Book:
    """Tariffs of one code; a second version from the 10th of November on."""

    def __init__(self, *, single: bool = False) -> None:
        later = [] if single else [tariff_of(DOCUMENT | {"valid_from": "2026-11-10"})]
        self._book = TariffBook([tariff_of(DOCUMENT), *later])

    def book_at(self, key: BookKey) -> TariffBook:
        assert key == ("t", 0)
        return self._book

    def calendar(self, code: str) -> LocalCalendar:
        assert code == "t"
        return LocalCalendar(ZONE)


class Store:
    """What the database keeps of one meter at one account, and batches as the service does them."""

    def __init__(self, *, single: bool = False) -> None:
        self.pricings = Pricings(Book(single=single))
        self.agreement = Agreement(
            id=AGREEMENT, account_id=ACCOUNT, tariff_code="t", first_day=FIRST
        )
        self.row = MeterRow(meter_id="m", version=0, day=None, open=None)
        self.history = MeterHistory(
            meter_id="m",
            facts=MeterFacts(meter="m"),
            installed=[
                Installed(
                    id=INSTALLATION,
                    account_id=ACCOUNT,
                    installation=Installation(
                        meter="m",
                        account=str(ACCOUNT),
                        from_us=BEGIN_US,
                        opening_wh=0,
                        multiplier=3,
                    ),
                )
            ],
            agreements={ACCOUNT: [self.agreement]},
            readings=[],
            edits=[],
            use={},
        )
        self.states: dict[date, PeriodState] = {}
        self.balance_micro = 0
        self.fast = 0

    def take(self, readings: Sequence[Reading], today: date) -> None:
        uses: list[UseChange]
        followed = follow_meter(row=self.row, readings=sorted(readings), pricings=self.pricings)
        if followed is not None:
            change, uses = followed[0], [followed[1]]
            self.fast += 1
        else:
            new = sorted(set(readings) - set(self.history.readings))
            change, uses = change_of_meter(
                row=self.row,
                history=replace(self.history, readings=[*self.history.readings, *new]),
                open_use=self.open_use(),
                new_readings=new,
                pricings=self.pricings,
            )
        self.keep(change)
        for each in uses:
            self.charge(each.delta, each.last_read_us, today)

    def derive(self, today: date) -> None:
        """All anew, as after a decision."""
        change, uses = change_of_meter(
            row=self.row,
            history=self.history,
            open_use=self.open_use(),
            new_readings=[],
            pricings=self.pricings,
        )
        self.keep(change)
        for each in uses:
            self.charge(each.delta, each.last_read_us, today)
        self.charge({}, None, today, anew=True)

    def charge(
        self, delta: DayUsage, last_read_us: int | None, today: date, *, anew: bool = False
    ) -> None:
        for charged in charge_agreement(
            agreement=self.agreement,
            pricing=self.pricings["t", 0],
            states=self.states,
            delta=delta,
            last_read_us=last_read_us,
            today=today,
            anew=anew,
        ):
            self.states[charged.state.period.first] = charged.state
            self.balance_micro -= charged.delta_micro

    def keep(self, change: MeterChange) -> None:
        use = dict(self.history.use.get(AGREEMENT, {}))
        for key in change.dropped.get(AGREEMENT, {}):
            del use[key]
        use |= change.kept.get(AGREEMENT, {})
        self.history = replace(
            self.history,
            readings=sorted({*self.history.readings, *change.new_readings}),
            use={AGREEMENT: use},
        )
        opened = None if change.open is None else stored(change.open)
        self.row = replace(self.row, version=self.row.version + 1, open=opened)

    def open_use(self) -> Mapping[UUID, DayUsage]:
        if self.row.open is None:
            return {}
        return {AGREEMENT: open_meter_of(self.row.open, self.pricings).day.usage()}

    def day_end_us(self) -> int:
        return self.pricings["t", 0].slots_of(FIRST).end_us

    def all_use(self) -> DayUsage:
        return sum_of_use(self.history.use.get(AGREEMENT, {}), self.open_use().get(AGREEMENT, {}))


def stored(opened: OpenMeter) -> OpenRow:
    day = opened.day
    return OpenRow(
        installation_id=opened.installation_id,
        agreement_id=opened.agreement_id,
        book=("t", 0),
        open_day=day.slots.day,
        since_us=day.since_us,
        quiet_from_us=day.quiet_from_us,
        served_until_us=day.served_until_us,
        last_at_us=day.last_at_us,
        last_wh=day.last_wh,
        piece_wh=day.piece_wh,
        rule=opened.rule,
    )


def told(state: PeriodState) -> PeriodState:
    """Without what tells how often it changed, and of readings that were trusted for a while."""
    return replace(state, version=0, last_read_us=None)
