"""Rows of campaigns for the lists of them."""

from uuid import UUID

import asyncpg
from rows import AT

from prewatt_common.ids import new_id


async def a_campaign(connection: asyncpg.Connection) -> str:
    campaign_id = new_id()
    await connection.execute(
        "INSERT INTO campaign (id, name, purpose, channels, first_day, last_day, from_time, "
        "until_time, per_minute, holdout_ppm, seed, respond_days, state, drafted_by, drafted_at) "
        "VALUES ($1, 'n', 'news', '{sms}', '2026-03-01', '2026-03-02', '09:00', '20:00', 60, 0, "
        "0, 14, 'draft', 'li', $2)",
        campaign_id, AT,
    )  # fmt: skip
    return str(campaign_id)


async def add_campaign(connection: asyncpg.Connection, _: str, __: int) -> None:
    await a_campaign(connection)


async def add_campaign_step(connection: asyncpg.Connection, campaign_id: str, _: int) -> None:
    await connection.execute(
        "INSERT INTO campaign_step (id, campaign_id, what, by, reason, at) "
        "VALUES ($1, $2, 'uploaded', 'li', 'r', $3)",
        new_id(), UUID(campaign_id), AT,
    )  # fmt: skip


async def add_campaign_member(connection: asyncpg.Connection, campaign_id: str, n: int) -> None:
    await connection.execute(
        "INSERT INTO campaign_member (campaign_id, number, place, held_out, state) "
        "VALUES ($1, $2, 0, false, 'waiting')",
        UUID(campaign_id), str(new_id()),
    )  # fmt: skip
