"""Use case: the readings of a posting day that was left become rows of their own, to be sealed."""

from datetime import date

from prepay_ledger.charging.ports import OpenUnit

METERS_AT_ONCE = 2_000
"""A batch that wants one of these meters waits for as many to be turned: some 50 ms."""


class TurnReadings:
    """Some meters a transaction. What a batch turns first, of its own meters, is not turned twice,
    and nothing is waited for; a crash leaves nothing half done."""

    def __init__(self, *, open_unit: OpenUnit) -> None:
        self._open_unit = open_unit

    async def __call__(self, day: date) -> bool:
        """Whether every reading that came on ``day`` is in a row of that day. False where another
        transaction has meters in hand: to be asked again. Nobody posts to ``day`` any more."""
        last: str | None = ""
        while last is not None:
            async with self._open_unit() as unit:
                last = await unit.charging.turn_some(day, after=last, limit=METERS_AT_ONCE)
        async with self._open_unit() as unit:
            return await unit.charging.is_turned(day)
