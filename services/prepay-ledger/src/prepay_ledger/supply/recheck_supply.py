"""Use case: held cuts and failed commands are looked at again when their time has come."""

from collections.abc import Callable

from prepay_ledger.supply.ports import OpenUnit
from prepay_ledger.supply.review_supply import SupplyReview
from prewatt_common.clock import Clock

_ACCOUNTS_MAX = 500


class RecheckSupply:
    """Reviews what is due; replicas share the work by skipping each other's locked rows."""

    def __init__(
        self,
        *,
        open_unit: OpenUnit,
        review: SupplyReview,
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        self._open_unit = open_unit
        self._review = review
        self._clock = clock
        self._committed = committed

    async def __call__(self) -> float | None:
        """Some of what is due, in one transaction; gives 0 seconds to rest where there is more."""
        now = self._clock()
        async with self._open_unit() as unit:
            due = await unit.supply.due(now=now, limit=_ACCOUNTS_MAX)
            if due:
                await self._review(unit, due, now=now, caused_at=now)
        if due:
            self._committed()
        return 0 if len(due) == _ACCOUNTS_MAX else None
