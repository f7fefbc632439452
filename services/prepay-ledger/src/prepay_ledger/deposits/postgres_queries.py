"""Deposits as people look at them: read-only."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from prepay_ledger.deposits.postgres_rows import STEPS, WAITS_FOR_BANK, to_deposit, to_step
from prepay_ledger.deposits.refusals import UnknownDeposit
from prepay_ledger.deposits.values import WARNED_DAYS, Deposit, Step
from prewatt_common.db.database import Database, driver

_PAGE = f"""
SELECT * FROM deposit
WHERE ($1::uuid IS NULL OR account_id = $1)
  AND ($2::boolean IS NULL OR (left_micro > 0) = $2)
  AND ($3::date IS NULL OR valid_until < $3)
  AND ($4::boolean IS NULL OR EXISTS ({STEPS} WHERE s.deposit_id = deposit.id
                                      AND {WAITS_FOR_BANK}) = $4)
  AND ($5::uuid IS NULL OR id < $5)
ORDER BY id DESC LIMIT $6
"""  # noqa: S608 - of constants
_STEPS = f"""
{STEPS} WHERE s.deposit_id = $1 AND ($2::uuid IS NULL OR s.id < $2) ORDER BY s.id DESC LIMIT $3
"""
_WITHOUT_LINE = f"""
SELECT count(*) FROM ({STEPS} WHERE {WAITS_FOR_BANK} AND s.at < $1) AS waiting
"""  # noqa: S608 - of constants
_ENDING = """
SELECT count(*) FILTER (WHERE valid_until >= $1) AS soon,
       count(*) FILTER (WHERE valid_until < $1) AS over
FROM deposit WHERE kind = 'guarantee' AND left_micro > 0 AND valid_until < $2
"""


class Ending(NamedTuple):
    """Guarantees of which something is left: how many end within `WARNED_DAYS`, and how many are
    over."""

    soon: int
    over: int


class DepositQueries:
    """Each question one read-only transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def deposits(
        self,
        *,
        account_id: UUID | None,
        open_: bool | None,
        ends_before: date | None,
        without_line: bool | None,
        before: UUID | None,
        limit: int,
    ) -> Sequence[Deposit]:
        """The newest first."""
        async with self._database.transaction() as connection:
            rows = await (await driver(connection)).fetch(
                _PAGE, account_id, open_, ends_before, without_line, before, limit
            )
        return [to_deposit(row) for row in rows]

    async def steps(self, deposit_id: UUID, *, before: UUID | None, limit: int) -> Sequence[Step]:
        """The newest first. Raises `UnknownDeposit`."""
        async with self._database.transaction() as connection:
            asked = await driver(connection)
            if await asked.fetchval("SELECT id FROM deposit WHERE id = $1", deposit_id) is None:
                message = f"there is no deposit {deposit_id}"
                raise UnknownDeposit(message)
            rows = await asked.fetch(_STEPS, deposit_id, before, limit)
        return [to_step(row) for row in rows]

    async def without_line(self, *, before: datetime) -> int:
        """Steps from before then whose money is on no line of the bank that is known."""
        async with self._database.transaction() as connection:
            return await (await driver(connection)).fetchval(_WITHOUT_LINE, before)

    async def ending(self, today: date) -> Ending:
        """By the utility's day."""
        async with self._database.transaction() as connection:
            row = await (await driver(connection)).fetchrow(
                _ENDING, today, today + timedelta(days=WARNED_DAYS)
            )
        assert row is not None, "an aggregate has a row"
        return Ending(row["soon"], row["over"])
