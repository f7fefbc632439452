"""Emergency credits in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.emergency_credits.values import (
    Acceptance,
    CreditState,
    EmergencyCredit,
    Means,
    Standing,
)
from prepay_ledger.facts.values import Decided
from prewatt_common.db.database import driver

_YEAR = timedelta(days=366)
_STANDING = """
SELECT * FROM emergency_credit
WHERE account_id = ANY($1::uuid[]) AND (over_at IS NULL OR accepted_at > $2)
ORDER BY id
"""
_BY_KEY = "SELECT * FROM emergency_credit WHERE account_id = $1 AND key = $2"
_NEWEST = "SELECT * FROM emergency_credit WHERE account_id = $1 ORDER BY id DESC LIMIT 1"
_PUT = """
INSERT INTO emergency_credit (id, account_id, amount_micro, point_micro, policy, offered_at, state,
                              means, key, accepted_by, reason, accepted_at, over_at)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[],
                     $6::timestamptz[], $7::text[], $8::text[], $9::text[], $10::text[],
                     $11::text[], $12::timestamptz[], $13::timestamptz[])
ON CONFLICT (id) DO UPDATE SET state = excluded.state, means = excluded.means, key = excluded.key,
    accepted_by = excluded.accepted_by, reason = excluded.reason,
    accepted_at = excluded.accepted_at, over_at = excluded.over_at
"""
_ON_ACCOUNTS = """
UPDATE account AS a SET emergency_credit_micro = n.micro
FROM unnest($1::uuid[], $2::bigint[]) AS n (id, micro)
WHERE a.id = n.id AND a.emergency_credit_micro <> n.micro
"""


class PostgresEmergencyCredits:
    """An `EmergencyCreditStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def standing(
        self, account_ids: Collection[UUID], *, now: datetime
    ) -> Mapping[UUID, Standing]:
        """One statement for all."""
        connection = await driver(self._connection)
        found: dict[UUID, Standing] = {}
        for row in await connection.fetch(_STANDING, list(account_ids), now - _YEAR):
            credit = to_credit(row)
            before = found.get(credit.account_id, Standing())
            accepted_at = before.accepted_at
            if credit.acceptance is not None:
                accepted_at = (*accepted_at, credit.acceptance.decided.at)
            is_open = credit.over_at is None
            found[credit.account_id] = Standing(credit if is_open else before.open, accepted_at)
        return found

    async def by_key(self, account_id: UUID, key: str) -> EmergencyCredit | None:
        """What was accepted under that key."""
        row = await (await driver(self._connection)).fetchrow(_BY_KEY, account_id, key)
        return None if row is None else to_credit(row)

    async def newest(self, account_id: UUID) -> EmergencyCredit | None:
        """Open or over."""
        row = await (await driver(self._connection)).fetchrow(_NEWEST, account_id)
        return None if row is None else to_credit(row)

    async def put(self, credits_: Sequence[EmergencyCredit]) -> None:
        """In two statements."""
        connection = await driver(self._connection)
        columns = zip(*map(_row, credits_), strict=True)
        await connection.execute(_PUT, *(list(each) for each in columns))
        await connection.execute(
            _ON_ACCOUNTS,
            [each.account_id for each in credits_],
            [each.amount_micro if each.state is CreditState.ACCEPTED else 0 for each in credits_],
        )


def _row(credit: EmergencyCredit) -> tuple[Any, ...]:
    said = credit.acceptance
    accepted = (None,) * 5
    if said is not None:
        accepted = (said.means, said.key, said.decided.by, said.decided.reason, said.decided.at)
    return (
        credit.id,
        credit.account_id,
        credit.amount_micro,
        credit.point_micro,
        credit.policy,
        credit.offered_at,
        credit.state,
        *accepted,
        credit.over_at,
    )


def to_credit(row: Any) -> EmergencyCredit:
    """From its row."""
    acceptance = None
    if row["accepted_at"] is not None:
        acceptance = Acceptance(
            means=Means(row["means"]),
            key=row["key"],
            decided=Decided(by=row["accepted_by"], reason=row["reason"], at=row["accepted_at"]),
        )
    return EmergencyCredit(
        id=row["id"],
        account_id=row["account_id"],
        amount_micro=row["amount_micro"],
        point_micro=row["point_micro"],
        policy=row["policy"],
        offered_at=row["offered_at"],
        state=CreditState(row["state"]),
        acceptance=acceptance,
        over_at=row["over_at"],
    )
