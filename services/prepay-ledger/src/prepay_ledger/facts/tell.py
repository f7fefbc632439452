"""Facts are kept and told in the transaction that makes them."""

from collections.abc import Sequence

from prepay_ledger.events import fact
from prepay_ledger.facts.ports import HasFacts
from prepay_ledger.facts.values import Decided
from prewatt_common.contracts.base import Event


async def tell(unit: HasFacts, facts: Sequence[tuple[str, str, Event]], decided: Decided) -> None:
    """Each is its topic's key, what it is about, and the event."""
    if not facts:
        return
    await unit.facts.add([(subject, event) for _, subject, event in facts], decided)
    await unit.publish([fact(event, key=key, at=decided.at) for key, _, event in facts])
