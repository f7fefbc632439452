"""What became of cuts is noted in the day's lists, which may let others go."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from prepay_ledger.cut_lists.ports import HasLists
from prepay_ledger.cut_lists.rules import is_past_canary, released
from prepay_ledger.cut_lists.values import LineState, ListState, Noted


async def note_lines(
    unit: HasLists, states: Mapping[UUID, LineState], *, now: datetime
) -> set[UUID]:
    """The accounts' lines in the newest lists that have them; what is in no list, or has ended
    there, is passed over. Gives the accounts that may be cut by that, and are to be looked at."""
    found: set[UUID] = set()
    for noted in await unit.cut_lists.note(states, now=now):
        if noted.of.state is ListState.APPROVED:
            found |= await _let_go(unit, noted, now=now)
    return found


async def _let_go(unit: HasLists, noted: Noted, *, now: datetime) -> set[UUID]:
    """A line that waits again has been looked at as one that does not. The lines behind the canary
    are looked at once, as it is past; then each goes at its time."""
    cited = (await unit.procedures.book()).cited(noted.of.cited)
    assert cited is not None and cited.procedure.cut_list is not None, "versions stand"
    terms, timezone = cited.procedure.cut_list, cited.procedure.timezone
    if not is_past_canary(noted.of, terms, noted.after):
        may_go = released(noted.of, terms, timezone=timezone, progress=noted.after, now=now)
        most = max(0, may_go - noted.after.gone)
        return noted.waits_again | set(await unit.cut_lists.waiting(noted.of.id, limit=most))
    if is_past_canary(noted.of, terms, noted.before):
        return noted.waits_again
    return set(await unit.cut_lists.waiting(noted.of.id, limit=noted.of.lines))
