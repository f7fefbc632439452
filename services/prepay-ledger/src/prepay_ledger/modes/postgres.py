"""How accounts pay, in PostgreSQL."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.modes.ports import UnderWay
from prewatt_common.contracts.procedure_v1 import Mode
from prewatt_common.db.database import driver

_UNDER_WAY = """
SELECT account_id, id, to_mode FROM mode_change
WHERE account_id = ANY($1::uuid[]) AND state IN ('requested', 'noticed', 'waiting')
"""


class PostgresModes:
    """A `ModeStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def put(self, account_id: UUID, mode: Mode) -> None:
        """In the account's row, which decisions about supply read."""
        await (await driver(self._connection)).execute(
            "UPDATE account SET mode = $2 WHERE id = $1", account_id, mode
        )

    async def under_way(self, account_ids: Collection[UUID]) -> Mapping[UUID, UnderWay]:
        """By the index of open ones, which finds nothing where nothing changes."""
        rows = await (await driver(self._connection)).fetch(_UNDER_WAY, list(account_ids))
        return {row["account_id"]: UnderWay(row["id"], Mode(row["to_mode"])) for row in rows}
