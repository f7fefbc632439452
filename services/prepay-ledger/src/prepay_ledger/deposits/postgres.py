"""Deposits in PostgreSQL."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.deposits.postgres_rows import STEPS, WAITS_FOR_BANK, to_deposit, to_step
from prepay_ledger.deposits.values import Deposit, MatchedStep, Step
from prewatt_common.db.database import driver

_ADD = """
INSERT INTO deposit (id, account_id, kind, amount_micro, currency, issuer, reference, valid_from,
                     valid_until)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING id
"""
_CASH_LEFT = """
SELECT * FROM deposit WHERE account_id = $1 AND kind = 'cash' AND left_micro > 0 ORDER BY id
"""
_PUT = """
UPDATE deposit SET drawn_micro = $2, received_micro = $3, released_micro = $4 WHERE id = $1
"""
_ADD_STEP = """
INSERT INTO deposit_step (id, deposit_id, action, amount_micro, place, debt_id, key, who, reason,
                          journal_id, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""


_OF_PAPERS = """
SELECT * FROM deposit WHERE kind = 'guarantee' AND lower(reference) = ANY($1::text[]) ORDER BY id
"""
_WAITING = f"""
{STEPS} WHERE s.deposit_id = $1 AND {WAITS_FOR_BANK}
  AND s.amount_micro * CASE s.action WHEN 'release' THEN -1 ELSE 1 END = $2
ORDER BY s.id LIMIT 1
"""
_MATCH = """
INSERT INTO deposit_line (step_id, bank_line, journal_id, who, reason, at)
VALUES ($1, $2, $3, $4, $5, $6)
"""


class PostgresDeposits:
    """A `DepositStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, deposit: Deposit) -> bool:
        """Waits for whoever adds the same paper."""
        terms = deposit.terms
        added = await (await driver(self._connection)).fetchval(
            _ADD,
            deposit.id,
            deposit.account_id,
            terms.kind,
            terms.amount_micro,
            terms.currency,
            terms.issuer,
            terms.reference,
            terms.valid_from,
            terms.valid_until,
        )
        return added is not None

    async def deposit(self, deposit_id: UUID) -> Deposit | None:
        """None where there is none."""
        row = await (await driver(self._connection)).fetchrow(
            "SELECT * FROM deposit WHERE id = $1", deposit_id
        )
        return None if row is None else to_deposit(row)

    async def cash_left_of(self, account_id: UUID) -> Sequence[Deposit]:
        """The caller has the account locked."""
        rows = await (await driver(self._connection)).fetch(_CASH_LEFT, account_id)
        return [to_deposit(row) for row in rows]

    async def put(self, deposit: Deposit) -> None:
        """The caller has its account locked."""
        await (await driver(self._connection)).execute(
            _PUT, deposit.id, deposit.drawn_micro, deposit.received_micro, deposit.released_micro
        )

    async def asked_as(self, key: str, *, who: str) -> Step | None:
        """By the names that are unique."""
        row = await (await driver(self._connection)).fetchrow(
            f"{STEPS} WHERE s.who = $1 AND s.key = $2", who, key
        )
        return None if row is None else to_step(row)

    async def add_step(self, step: Step) -> None:
        """The caller has the account locked."""
        await (await driver(self._connection)).execute(
            _ADD_STEP,
            step.id,
            step.deposit_id,
            step.action,
            step.amount_micro,
            step.place or "",
            step.debt_id,
            step.key,
            step.decided.by,
            step.decided.reason,
            step.journal_id,
            step.decided.at,
        )

    async def of_papers(self, references: Sequence[str]) -> Sequence[Deposit]:
        """By their index."""
        rows = await (await driver(self._connection)).fetch(_OF_PAPERS, list(references))
        return [to_deposit(row) for row in rows]

    async def waiting_step(self, deposit_id: UUID, micro: int) -> Step | None:
        """The caller has the account locked."""
        row = await (await driver(self._connection)).fetchrow(_WAITING, deposit_id, micro)
        return None if row is None else to_step(row)

    async def match(self, matched: MatchedStep) -> None:
        """The caller has the account and the line locked."""
        by = matched.decided
        await (await driver(self._connection)).execute(
            _MATCH, matched.step_id, matched.bank_line, matched.journal_id, by.by, by.reason, by.at
        )

    async def step_of_line(self, line_id: UUID) -> Step | None:
        """By its unique index."""
        row = await (await driver(self._connection)).fetchrow(
            f"{STEPS} WHERE l.bank_line = $1", line_id
        )
        return None if row is None else to_step(row)
