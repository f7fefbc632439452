"""Facts, by COPY: an import makes many."""

from collections.abc import Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.facts.values import Decided
from prewatt_common.contracts.base import Event
from prewatt_common.db.database import driver, insert_rows
from prewatt_common.ids import new_id_text

_encode = msgspec.json.Encoder(order="sorted").encode


class PostgresFacts:
    """A `FactStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, facts: Sequence[tuple[str, Event]], decided: Decided) -> None:
        """In the order in which they are told."""
        # Asked for once: a column's default is worked out for each row, one row at a time.
        day = await (await driver(self._connection)).fetchval("SELECT open_day()")
        await insert_rows(
            self._connection,
            "fact",
            columns=["id", "kind", "subject", "body", "decided_by", "reason", "at", "day"],
            rows=[
                (
                    new_id_text(), event.ce_type, subject, _encode(event).decode(), decided.by,
                    decided.reason, decided.at, day,
                )
                for subject, event in facts
            ],
        )  # fmt: skip
