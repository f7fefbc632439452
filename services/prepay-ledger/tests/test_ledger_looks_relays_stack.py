"""The daily look at meters whose relays were open, on PostgreSQL."""

from collections.abc import AsyncGenerator

import pytest
from ledger_watched import DAY, Watched

from prewatt_common.ids import new_id

pytestmark = pytest.mark.stack


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Watched]:
    made = Watched(own_database_url)
    await made.settle(made.begin.date())
    yield made
    await made.database.close()


async def relay_went(town: Watched, *steps: tuple[str, str, int]) -> None:
    """(action, relay as it was read back, hour of the second day) of m0."""
    (account,) = await town.sql("SELECT account_id AS id FROM installation WHERE meter_id = 'm0'")
    decision_id = new_id()
    await town.sql(
        "INSERT INTO decision (id, account_id, state, action, fired, held, inputs, at) "
        "VALUES ($1, $2, 'disconnecting', 'disconnect', '{}', '{}', '{}', $3)",
        decision_id, account["id"], town.now,
    )  # fmt: skip
    for sequence, (action, relay, hour) in enumerate(steps, start=1):
        at = town.at(1, hour)
        await town.sql(
            "INSERT INTO command (id, decision_id, account_id, meter_id, action, sequence, status, "
            "status_rank, relay, caused_at, issued_at, expires_at, finished_at) "
            "VALUES ($1, $2, $3, 'm0', $4, $5, 'succeeded', 4, $6, $7, $7, $8, $7)",
            new_id(), decision_id, account["id"], action, sequence, relay, at, at + DAY,
        )  # fmt: skip


async def test_who_uses_on_while_cut_is_found(town: Watched) -> None:
    await town.live()
    await town.look()
    await relay_went(town, ("disconnect", "open", 2), ("reconnect", "closed", 12))
    await town.live()
    await town.look()
    # The five minutes at each end are enough for the hours there.
    assert await town.noticed() == [("m0", "VEE-13", 27, 35)]
    orders = await town.sql("SELECT kind, meter_id, reason, account_id IS NOT NULL FROM work_order")
    assert [tuple(row) for row in orders] == [
        (
            "energy_while_open",
            "m0",
            "800 Wh more flowed than an open or limited relay lets through",
            True,
        )
    ]
    # Seen to, it is not opened again for what was known then.
    await town.sql(
        "UPDATE work_order SET closed_at = $1, closed_by = 'li', result = 'done', note = 'n'",
        town.at(town.days, 3),
    )
    await town.live()
    await town.look()
    assert len(await town.sql("SELECT FROM work_order")) == 1
    # It was charged, and nobody is cut for it, nor kept from it.
    assert (await town.charged())["town-0"] == (await town.charged())["town-2"]
    (row,) = await town.sql("SELECT bool_or(stops_cut) AS stops FROM finding")
    assert row["stops"] is False


async def test_the_device_that_follows_was_not_cut(town: Watched) -> None:
    await town.live()
    await town.look()
    await relay_went(town, ("disconnect", "open", 2))
    await town.live()
    await town.look()
    assert await town.noticed() == [("m0", "VEE-13", 27, 47)]
    await town.sql(
        "UPDATE installation SET ends_at = $1, closing_wh = 3700 WHERE meter_id = 'm0'",
        town.at(1, 13),
    )
    await town.sql(
        "INSERT INTO installation (id, meter_id, account_id, begins_at, opening_wh, multiplier, "
        "device, revision) SELECT $1, meter_id, account_id, ends_at, closing_wh, multiplier, 'new',"
        " 1 FROM installation WHERE meter_id = 'm0'",
        new_id(),
    )
    await town.live()
    await town.look()
    assert await town.noticed() == [("m0", "VEE-13", 27, 36)]


async def test_who_used_every_day_and_uses_nothing_is_seen_to(town: Watched) -> None:
    """A month of use, then a register that stands: after three days, once. Others go on."""
    for _ in range(16):
        await town.live()
    await town.look()
    stands_wh = 24 * 16 * 100
    for day in range(4):
        assert await town.sql("SELECT FROM work_order") == []
        await town.came(0, *((16 + day, hour, stands_wh) for hour in range(1, 24)))
        await town.live(silent=[0])
        await town.look()
    orders = await town.sql("SELECT kind, meter_id, reason FROM work_order")
    assert [tuple(row) for row in orders] == [
        (
            "none_while_closed",
            "m0",
            "nothing was used for 3 days, and every day before; the relay is closed",
        )
    ]
