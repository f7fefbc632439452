"""What was charged becomes entries: once a posting day is over, and around what people decide."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from prepay_ledger.charging.ports import OpenUnit, Unit
from prepay_ledger.charging.unentered import PeriodKey, Unentered
from prepay_ledger.journal.values import Journal
from prewatt_common.clock import Clock

PERIODS_AT_ONCE = 2_000


class EnterCharges:
    """Writes the entries of a posting day that was left: one a period that was charged in it. Some
    periods a transaction, so that no batch waits long; after a crash the rest is found."""

    def __init__(self, *, open_unit: OpenUnit, clock: Clock) -> None:
        self._open_unit = open_unit
        self._clock = clock

    async def __call__(self, day: date) -> bool:
        """Whether all that was charged in ``day``, which is over, is in entries now; False where
        another replica is at it: to be asked again."""
        # A period that is charged meanwhile goes over to the new day: those come second.
        for is_moved in (False, True):
            after: PeriodKey | None = None
            more = True
            while more:
                async with self._open_unit() as unit:
                    some = await unit.charging.left_of(
                        day, is_moved=is_moved, after=after, limit=PERIODS_AT_ONCE
                    )
                    await _write(unit, some, source=f"day/{day}", at=self._clock(), day=day)
                more = len(some) == PERIODS_AT_ONCE
                after = some[-1].key if some else None
        async with self._open_unit() as unit:
            return await unit.charging.is_entered(day)


async def enter_open(
    *, unit: Unit, account_ids: Collection[UUID], source: str, at: datetime
) -> None:
    """Entries of what is open of the accounts in the posting day; their periods are held."""
    await _write(unit, await unit.charging.open_of(account_ids), source=source, at=at)


async def _write(
    unit: Unit, some: Sequence[Unentered], *, source: str, at: datetime, day: date | None = None
) -> None:
    if not some:
        return
    for currency in sorted({each.currency for each in some}):
        of_currency = [each for each in some if each.currency == currency]
        postings: dict[str, int] = {}
        for each in of_currency:
            for name, micro in each.delta.items():
                postings[name] = postings.get(name, 0) + micro
        entries = tuple(each.entry for each in of_currency)
        await unit.journals.write(
            Journal("charge", source, currency, entries, postings), at=at, day=day
        )
    await unit.charging.mark_entered(some)
