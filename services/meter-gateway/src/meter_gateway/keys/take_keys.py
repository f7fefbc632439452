"""Use case: key messages from Kafka are held, of each meter the newest."""

from collections.abc import Sequence
from datetime import datetime

from meter_gateway.keys.key_message import Arrived
from meter_gateway.keys.ports import KeyArrivalStore
from prewatt_common.contracts.meter_commands_v1 import KeyMessage


async def take_keys(
    store: KeyArrivalStore, messages: Sequence[KeyMessage], *, now: datetime
) -> None:
    """In the transaction in which the commands before and after them are taken."""
    newest: dict[str, KeyMessage] = {}
    for each in messages:
        known = newest.setdefault(each.meter_id, each)
        if each.sequence > known.sequence:
            newest[each.meter_id] = each
    if newest:
        await store.hold(
            [
                Arrived(
                    meter_id=each.meter_id,
                    sequence=each.sequence,
                    issued_at=each.issued_at,
                    signed=each.signed,
                )
                for each in newest.values()
            ],
            now=now,
        )
