"""Rows of billing's hardship, for the lists of all of them."""

import asyncpg
from rows import AT

from billing.hardship.policy import canonical, policy_of
from prewatt_common.ids import new_id

_DOCUMENT = {
    "title": "A test",
    "timezone": "Asia/Shanghai",
    "indicators": {"stays_off": {"source": "a test"}},
}


async def add_hardship_policy(connection: asyncpg.Connection, _: str, n: int) -> None:
    """A version more."""
    await connection.execute(
        "INSERT INTO hardship_policy "
        "SELECT coalesce(max(version), 0) + 1, $1, $2, 'li', 'a test', $3 FROM hardship_policy",
        canonical(policy_of(_DOCUMENT)),
        AT,
        str(new_id()),
    )


async def add_hardship_flag(connection: asyncpg.Connection, owner: str, n: int) -> None:
    """Of an account of its own, by the newest policy."""
    await add_hardship_policy(connection, owner, n)
    await connection.execute(
        "INSERT INTO hardship_flag (id, account_id, level, doubts, evidence, first_day, "
        "last_true_day, policy_version, raised_at) SELECT $1, $2, 'watch', '{}', "
        """'[{"name": "stays_off", "numbers": {"seen_hours": 30, "hours": 24}, "days": []}]', """
        "'2026-03-01', '2026-03-01', max(version), $3 FROM hardship_policy",
        new_id(),
        new_id(),
        AT,
    )


async def add_hardship_look(connection: asyncpg.Connection, _: str, n: int) -> None:
    """Somebody looked at a flag."""
    await connection.execute(
        "INSERT INTO hardship_look VALUES ($1, $2, 'wang', 'flag', $3)", new_id(), AT, new_id()
    )
