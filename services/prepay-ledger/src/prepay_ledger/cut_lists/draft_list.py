"""Use case: a person drafts the list of a day's cuts."""

from collections.abc import Collection, Sequence
from uuid import UUID

from prepay_ledger.cut_lists.ports import Unit
from prepay_ledger.cut_lists.refusals import CutListRefused
from prepay_ledger.cut_lists.values import LINES_MAX, CutList, ListState, sha256_of
from prepay_ledger.facts.values import Decided
from prepay_ledger.procedures.values import Whose, calendar_of
from prewatt_common.contracts.procedure_v1 import Mode
from prewatt_common.ids import new_id
from prewatt_metering.calendar.instants import us_of


async def draft_list(
    *,
    unit: Unit,
    of: Whose,
    account_ids: Sequence[UUID] | None,
    passing: Collection[str],
    decided: Decided,
) -> CutList:
    """Of today in the zone of the procedure that ``of`` names, in the order given; ``account_ids``:
    none, all whose cut waits for a list and for nothing but ``passing``, which ends by itself,
    those exhausted for longest first. Nothing is cut by it before another person approves it, and
    each account only where all else that holds its cut allows it then. Raises `CutListRefused`."""
    jurisdiction, customer_class, mode = of
    published = (await unit.procedures.book()).in_force(
        jurisdiction=jurisdiction, customer_class=customer_class, mode=Mode(mode), at=decided.at
    )
    if published is None or published.procedure.cut_list is None:
        message = f"no procedure {'/'.join(of)} is in force that asks for a list of cuts"
        raise CutListRefused(message)
    if account_ids is None:
        account_ids = await unit.cut_lists.candidates(
            of, holds=passing, now=decided.at, limit=LINES_MAX
        )
    if not account_ids:
        message = f"no cut under {published} waits for a list"
        raise CutListRefused(message)
    twice = len(account_ids) - len(set(account_ids))
    if twice:
        message = f"{twice} accounts are there twice"
        raise CutListRefused(message)
    unknown = await unit.cut_lists.unknown(account_ids)
    if unknown:
        message = f"{len(unknown)} accounts do not exist, such as {unknown[0]}"
        raise CutListRefused(message)
    made = CutList(
        id=new_id(),
        state=ListState.DRAFTED,
        cited=str(published),
        local_day=calendar_of(published.procedure.timezone).day_of(us_of(decided.at)),
        lines=len(account_ids),
        accounts_sha256=sha256_of(account_ids),
        drafted=decided,
    )
    await unit.cut_lists.add(made, account_ids)
    return made
