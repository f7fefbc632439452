"""Use case: as the rules change, everybody whose supply may change with them is looked at."""

from prepay_ledger.supply.ports import OpenUnit
from prewatt_common.clock import Clock


class FollowRules:
    """What has changed is known to the process alone: a restart looks at everybody once more, which
    changes nothing."""

    def __init__(self, *, open_unit: OpenUnit, clock: Clock) -> None:
        self._open_unit = open_unit
        self._clock = clock
        self._known: tuple[int | None, ...] | None = None

    async def __call__(self) -> None:
        """One look at what holds for everybody."""
        async with self._open_unit() as unit:
            rules = await unit.supply.rules()
            if rules != self._known:
                await unit.supply.look_again(now=self._clock())
        self._known = rules
