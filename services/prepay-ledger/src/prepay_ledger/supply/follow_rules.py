"""Use case: as the rules change, everybody whose supply may change with them is looked at."""

from prepay_ledger.supply.ports import OpenUnit
from prewatt_common.clock import Clock


class FollowRules:
    """Of what concerns those alone who are off, moving or to be cut, the process knows what has
    changed: a restart looks at them once more, which changes nothing. A policy that warns by limits
    of its own concerns everybody; how far that is followed is stored."""

    def __init__(self, *, open_unit: OpenUnit, clock: Clock) -> None:
        self._open_unit = open_unit
        self._clock = clock
        self._known: tuple[int | None, ...] | None = None

    async def __call__(self) -> None:
        """One look at what holds for everybody."""
        now = self._clock()
        async with self._open_unit() as unit:
            policies = await unit.policies.book()
            begun = (await unit.procedures.book()).begun(now)
            rules = (*await unit.supply.rules(), begun)
            if rules != self._known:
                await unit.supply.look_again(now=now)
            await unit.supply.look_at_everybody(
                policies.version(now).number, now=now, with_warnings=policies.warns
            )
        self._known = rules
