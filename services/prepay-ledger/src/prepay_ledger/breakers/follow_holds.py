"""The job: whoever a change of what holds cuts may concern is looked at again."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from prepay_ledger.breakers.ports import OpenUnit, Unit
from prepay_ledger.breakers.values import CutUndo, UndoState
from prepay_ledger.events import account_event
from prewatt_common.clock import Clock
from prewatt_common.contracts.ledger_events_v1 import SupplyApology

_PER_TRANSACTION = 500


@dataclass(frozen=True, slots=True)
class FollowHolds:
    """Once a second. How far it came is committed with what it did: after a crash, or in another
    replica, it goes on from there, and nobody is told twice."""

    open_unit: OpenUnit
    clock: Clock
    committed: Callable[[], None]

    async def __call__(self) -> None:
        """Until nothing is left."""
        more = True
        while more:
            async with self.open_unit() as unit:
                more = await unit.breakers.follow(now=self.clock())
        while await self._some_of_an_undo():
            self.committed()

    async def _some_of_an_undo(self) -> bool:
        async with self.open_unit() as unit:
            undo = await unit.undos.take()
            if undo is None:
                return False
            await self._some_of(unit, undo)
        return True

    async def _some_of(self, unit: Unit, undo: CutUndo) -> None:
        some = await unit.undos.portion(undo, limit=_PER_TRANSACTION)
        now = self.clock()
        await unit.undos.recheck([each.account_id for each in some], now=now)
        is_told = undo.state is UndoState.RELEASED
        if is_told:
            await unit.publish(
                [
                    account_event(
                        SupplyApology(
                            account_id=each.account_id,
                            undo_id=undo.id,
                            cut_at=each.cut_at,
                            balance_micro=each.balance_micro,
                            currency=each.currency,
                            at=now,
                        ),
                        account_id=each.account_id,
                        at=now,
                    )
                    for each in some
                    if each.went_dark
                ]
            )
        if some:
            undo = replace(undo, upto=some[-1].account_id)
        else:
            undo = replace(undo, state=UndoState.DONE if is_told else UndoState.ENDED)
        await unit.undos.change(undo)
