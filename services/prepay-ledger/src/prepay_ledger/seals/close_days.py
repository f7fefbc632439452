"""Use case: a day that is over is turned, and the day that was left is folded and sealed."""

import logging
from collections.abc import Callable, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from prometheus_client import Gauge

from prepay_ledger.events import fact
from prepay_ledger.seals.chain import GENESIS, leaf_of, seal_of
from prepay_ledger.seals.comparing import Leaves
from prepay_ledger.seals.ports import Fold, OpenUnit
from prepay_ledger.seals.values import SEALED, Seal, TableSeal
from prewatt_common.clock import Clock
from prewatt_common.contracts.ledger_facts_v1 import DaySealed
from prewatt_common.kafka.stops import in_words
from prewatt_common.workers import Trouble

logger = logging.getLogger(__name__)

DAYS_BEHIND = Gauge(
    "prewatt_ledger_posting_days_behind",
    "How many days ago the day was left that is not sealed; 0 where all are.",
)


class CloseDays:
    """Looks whether the open day is over, by the database's clock and by ours: one that runs ahead
    must not take the ledger to a day that it can never leave."""

    def __init__(
        self,
        *,
        open_unit: OpenUnit,
        folds: Sequence[Fold],
        timezone: ZoneInfo,
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        """``folds`` are all called for a day that was left, before it is sealed."""
        self._open_unit = open_unit
        self._folds = folds
        self._timezone = timezone
        self._clock = clock
        self._committed = committed
        self._trouble = Trouble()

    async def check(self) -> str:
        """Raises `NotRunning` where the day that was left cannot be sealed."""
        self._trouble.check()
        return "days are sealed"

    async def __call__(self) -> None:
        """Turn and seal what is due. A fault on the way is told by `check` until a run goes well:
        whoever asks must not hear that days are sealed while each try fails."""
        try:
            await self._close_what_is_due()
        except Exception as error:
            self._trouble.begin(f"days are not sealed, tries again after {in_words(error)}")
            raise

    async def _close_what_is_due(self) -> None:
        async with self._open_unit() as unit:
            store = unit.seals
            standing = await store.day()
            here = self._clock().astimezone(self._timezone).date()
            today = min(here, await store.today(self._timezone.key))
        if standing.unsealed is None and standing.day < today:
            async with self._open_unit() as unit:
                if await unit.seals.turn(today):
                    logger.info("posting to %s from now on", today)
            async with self._open_unit() as unit:
                standing = await unit.seals.day()
        if standing.unsealed is None:
            # Also where another replica has sealed it.
            self._trouble.end()
        else:
            # Until it is: also where what follows fails.
            DAYS_BEHIND.set((today - standing.unsealed).days)
            if all([await fold(standing.unsealed) for fold in self._folds]):
                await self._seal(standing.unsealed)
            else:
                # A batch has some of it in hand, or another replica: the next run finds the rest.
                self._trouble.begin(f"{standing.unsealed} is not sealed: it is not all rows yet")
        if not self._trouble.lasts:
            DAYS_BEHIND.set(0)

    async def _seal(self, day: date) -> None:
        async with self._open_unit() as unit:
            store = unit.seals
            await store.lock()
            # Another replica was faster, and may have turned the next day: that is not folded yet.
            if (await store.day()).unsealed != day:
                return
            wrong = await store.disagreeing_journal(day)
            if wrong is not None:
                self._trouble.begin(f"{day} is not sealed: {wrong}")
                logger.error("%s is not sealed: %s", day, wrong)
                return
            tables = {table.name: Leaves() for table in SEALED}
            for table in SEALED:
                async for row in store.rows(table, day):
                    tables[table.name].add(leaf_of(table, row))
            moved = await store.moved(day)
            seal = seal_of(
                day=day,
                previous=await store.last_head() or GENESIS,
                tables={name: TableSeal(each.rows, each.root) for name, each in tables.items()},
                moved_micro=moved,
                offsets=await store.offsets(),
                zone_data=await store.zone_data(),
                at=self._clock(),
            )
            await store.add(
                seal,
                leaves={name: each.chunks() for name, each in tables.items()},
                moved_micro=moved,
            )
            await unit.publish([fact(_sealed(seal), key="seals", at=self._clock())])
        self._trouble.end()
        self._committed()
        logger.info("%s is sealed, head %s", seal.day, seal.head.hex())


def _sealed(seal: Seal) -> DaySealed:
    return DaySealed(
        day=seal.day, previous=seal.previous.hex(), head=seal.head.hex(), body=seal.body
    )
