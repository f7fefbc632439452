"""A settled refund that we asked for, of another amount: taking it over is refused, and the refund
comes to a person all the same."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import TypeVar

from prepay_ledger.payments.ports import Unit
from prepay_ledger.payments.take_movement import GivenOtherwise, TakeMovement
from prepay_ledger.settlements.refusals import ToldOtherwise

UnitT = TypeVar("UnitT", bound=Unit)


def keeping_otherwise(
    open_unit: Callable[[], AbstractAsyncContextManager[UnitT]],
    *,
    take_movement: TakeMovement,
    clock: Callable[[], datetime],
) -> Callable[[], AbstractAsyncContextManager[UnitT]]:
    """Opens units as ``open_unit`` does. What is refused is undone with its unit, so what its
    refund is told is kept in another, before the refusal goes on."""

    @asynccontextmanager
    async def opened() -> AsyncGenerator[UnitT]:
        try:
            async with open_unit() as unit:
                yield unit
        except ToldOtherwise as refusal:
            otherwise = refusal.__cause__
            if isinstance(otherwise, GivenOtherwise):
                async with open_unit() as unit:
                    await take_movement.keep(unit, otherwise, now=clock())
            raise

    return opened
