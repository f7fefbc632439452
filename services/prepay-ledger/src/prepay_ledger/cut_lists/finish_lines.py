"""What came of cuts is noted in the day's lists, which may let others go."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from prepay_ledger.cut_lists.ports import HasCutLists
from prepay_ledger.cut_lists.values import LineState


async def finish_lines(
    unit: HasCutLists,
    *,
    done: Collection[UUID] = (),
    failed: Collection[UUID] = (),
    dropped: Collection[UUID] = (),
    now: datetime,
) -> set[UUID]:
    """Accounts that were cut, those whose cut was given up, and those that are not to be cut any
    more; what is in no list, or has ended there, is passed over. Gives the accounts that wait in
    the same lists: what they wait for may have come."""
    lists: set[UUID] = set()
    for account_ids, state in (
        (done, LineState.DONE),
        (failed, LineState.FAILED),
        (dropped, LineState.DROPPED),
    ):
        if account_ids:
            lists.update(await unit.cut_lists.finish(account_ids, state=state, now=now))
    return set(await unit.cut_lists.waiting(lists)) if lists else set()
