"""Facts are kept and told in the transaction that makes them."""

from collections.abc import Sequence

from prepay_ledger.events import facts as messages_of
from prepay_ledger.facts.ports import HasFacts
from prepay_ledger.facts.values import Decided
from prewatt_common.contracts.base import Event
from prewatt_common.kafka.gathering import APART, Partitions


async def tell(
    unit: HasFacts,
    facts: Sequence[tuple[str, str, Event]],
    decided: Decided,
    *,
    partitions: Partitions = APART,
) -> None:
    """Each is its topic's key, what it is about, and the event; on the topic many are gathered as
    far as its ``partitions`` are known."""
    if not facts:
        return
    await unit.facts.add([(subject, event) for _, subject, event in facts], decided)
    told = [(key, event) for key, _, event in facts]
    await unit.publish(messages_of(told, at=decided.at, partitions=partitions))
