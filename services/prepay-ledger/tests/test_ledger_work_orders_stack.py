"""Work orders on PostgreSQL: one of a kind at a meter, seen to once, whoever races."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from typing import Any

import pytest
from ledger_scratch import ACCOUNT, AT, OTHER, Scratch

from prepay_ledger.work_orders.close_order import close_order
from prepay_ledger.work_orders.keep_orders import end_orders, open_orders
from prepay_ledger.work_orders.postgres import CLOSE_ALL
from prepay_ledger.work_orders.postgres_queries import WorkOrderQueries
from prepay_ledger.work_orders.refusals import UnknownWorkOrder, WorkOrderClosedBefore
from prepay_ledger.work_orders.values import (
    Closing,
    NewWorkOrder,
    WorkOrder,
    WorkOrderKind,
    WorkOrderResult,
)
from prewatt_common.ids import new_id

pytestmark = pytest.mark.stack

K = WorkOrderKind
HOUR = timedelta(hours=1)


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Scratch]:
    made = Scratch(own_database_url)
    yield made
    await made.database.close()


def order(meter_id: str = "m-1", kind: K = K.PAID_BUT_DARK, **changes: Any) -> NewWorkOrder:
    given = {"account_id": None, "reason": "it is dark", "evidence": {"stage": "issued"}}
    return NewWorkOrder(meter_id=meter_id, kind=kind, **(given | changes))


def closing(by: str = "li", result: WorkOrderResult = WorkOrderResult.DONE) -> Closing:
    return Closing(at=AT + HOUR, by=by, result=result, note="a fuse")


async def opened(town: Scratch, *orders: NewWorkOrder, at: datetime = AT) -> list[WorkOrder]:
    async with town.unit() as unit:
        return list(await open_orders(unit=unit, orders=orders, at=at))


async def all_of(town: Scratch, **filters: Any) -> list[WorkOrder]:
    queries = WorkOrderQueries(town.database)
    given = dict.fromkeys(("meter_id", "account_id", "kind", "open_", "before"))
    return list(await queries.orders(**(given | filters), limit=100))


async def told(town: Scratch) -> int:
    return (await town.sql("SELECT count(*) AS n FROM outbox"))[0]["n"]


async def test_one_of_a_kind_at_a_meter(town: Scratch) -> None:
    found = await opened(town, order(), order(reason="again"), order("m-2"))
    assert sorted(each.meter_id for each in found) == ["m-1", "m-2"]
    assert await opened(town, order(), order(kind=K.ENERGY_WHILE_OPEN)) == await all_of(
        town, kind=K.ENERGY_WHILE_OPEN
    )
    assert len(await all_of(town, meter_id="m-1", open_=True)) == 2
    assert await told(town) == 3
    assert found[0].evidence == {"stage": "issued"}


async def test_many_that_notice_it_at_once_open_one(town: Scratch) -> None:
    meters = [f"m-{number}" for number in range(20)]
    found = await asyncio.gather(
        *(opened(town, *map(order, some)) for some in (meters, meters[::-1], meters[5:], meters))
    )
    assert sum(map(len, found)) == len(meters) == len(await all_of(town))
    assert await told(town) == len(meters)


async def test_what_was_seen_to_is_opened_again_for_what_came_after_alone(town: Scratch) -> None:
    (first,) = await opened(town, order(known_until=AT))
    async with town.unit() as unit:
        await close_order(unit=unit, order_id=first.id, closing=closing())
    assert await opened(town, order(known_until=AT + HOUR)) == []
    assert len(await opened(town, order(known_until=AT + 2 * HOUR))) == 1
    # What does not say until when it was known is new.
    async with town.unit() as unit:
        await end_orders(
            unit=unit, meter_ids=["m-1"], kinds=[K.PAID_BUT_DARK], why="load", at=AT + 3 * HOUR
        )
    assert len(await opened(town, order())) == 1


async def test_open_ones_are_found_by_their_indices_however_many_were_closed(
    town: Scratch,
) -> None:
    connection = await town.connect()
    try:
        await connection.execute(
            "INSERT INTO work_order (id, kind, meter_id, account_id, reason, evidence, opened_at, "
            "closed_at, closed_by, result, note) "
            "SELECT gen_random_uuid(), 'unreachable', 'm' || i % 1000, "
            "('00000000-0000-0000-0000-' || lpad((i % 1000)::text, 12, '0'))::uuid, 'r', '{}', "
            "now(), CASE WHEN i > 500 THEN now() END, CASE WHEN i > 500 THEN 'w' END, "
            "CASE WHEN i > 500 THEN 'over' END, CASE WHEN i > 500 THEN 'n' END "
            "FROM generate_series(0, 20000) AS g (i)"
        )
        await connection.execute("ANALYZE work_order")
        rows = await connection.fetch(
            f"EXPLAIN {CLOSE_ALL}",
            [],
            [K.UNREACHABLE],
            AT,
            "w",
            "over",
            "n",
            [ACCOUNT, OTHER],
            [AT, None],
        )
    finally:
        await connection.close()
    plan = "\n".join(row[0] for row in rows)
    assert "work_order_open_account" in plan, plan
    assert "work_order_account_id" not in plan, plan


async def test_two_people_who_close_it_at_once(town: Scratch) -> None:
    (first,) = await opened(town, order())

    async def close(by: str) -> str:
        async with town.unit() as unit:
            done = await close_order(unit=unit, order_id=first.id, closing=closing(by))
        assert done.closing is not None
        return done.closing.by

    answers = await asyncio.gather(close("li"), close("wang"), return_exceptions=True)
    (won,) = [each for each in answers if isinstance(each, str)]
    (refused,) = [each for each in answers if isinstance(each, WorkOrderClosedBefore)]
    assert f"by {won}: done; nothing was changed" in str(refused)
    assert await close(won) == won
    assert await told(town) == 2
    with pytest.raises(UnknownWorkOrder):
        async with town.unit() as unit:
            await close_order(unit=unit, order_id=new_id(), closing=closing())


async def test_a_person_and_the_end_of_its_cause_at_once(town: Scratch) -> None:
    (first,) = await opened(town, order())

    async def person() -> None:
        async with town.unit() as unit:
            await close_order(unit=unit, order_id=first.id, closing=closing())

    async def cause() -> None:
        async with town.unit() as unit:
            await end_orders(unit=unit, meter_ids=["m-1"], kinds=list(K), why="load", at=AT + HOUR)

    answers = await asyncio.gather(person(), cause(), return_exceptions=True)
    (now,) = await all_of(town)
    assert now.closing is not None
    assert now.closing.result in (WorkOrderResult.DONE, WorkOrderResult.OVER)
    assert answers[1] is None
    assert (answers[0] is None) == (now.closing.result is WorkOrderResult.DONE)
    assert await told(town) == 2


async def test_one_that_is_opened_while_the_one_before_is_closed(town: Scratch) -> None:
    """It waits for the closing and is opened then."""
    (first,) = await opened(town, order())
    async with town.unit() as unit:
        await close_order(unit=unit, order_id=first.id, closing=closing())
        waits = asyncio.create_task(opened(town, order(reason="dark again")))
        await asyncio.sleep(0.2)
        assert not waits.done()
    assert [each.reason for each in await waits] == ["dark again"]


async def test_nothing_is_told_of_what_was_not_committed(town: Scratch) -> None:
    with pytest.raises(RuntimeError):
        async with town.unit() as unit:
            await open_orders(unit=unit, orders=[order()], at=AT)
            raise RuntimeError
    assert (await all_of(town), await told(town)) == ([], 0)


async def test_how_many_are_open_and_since_when(town: Scratch) -> None:
    await opened(town, order(), at=AT + HOUR)
    await opened(town, order("m-2"), order("m-2", K.CONTACT_REPAIR))
    found = await WorkOrderQueries(town.database).open_by_kind()
    assert {kind: tuple(each) for kind, each in found.items()} == {
        K.PAID_BUT_DARK: (2, AT),
        K.CONTACT_REPAIR: (1, AT),
    }


async def test_over_http(ledger) -> None:
    meter_id = f"m-{new_id().hex[:12]}"
    order_id = new_id()
    await ledger.sql(
        "INSERT INTO work_order (id, kind, meter_id, reason, evidence, opened_at) "
        "VALUES ($1, 'relay_does_not_answer', $2, 'five tries', '{\"tries\": 5}', $3)",
        order_id, meter_id, AT,
    )  # fmt: skip
    path = f"/v1/work-orders?meter_id={meter_id}&open=true"
    (shown,) = (await ledger.api.get(path)).json()["items"]
    assert (shown["id"], shown["evidence"], shown["closing"]) == (
        str(order_id),
        {"tries": 5},
        None,
    )
    body = {"result": "done", "note": "battery changed"}
    close = f"/v1/work-orders/{order_id}/close"
    for _ in range(2):
        answer = await ledger.api.post(close, json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["closing"] | {"at": ""} == body | {"at": "", "by": "test"}
    refused = await ledger.api.post(close, json=body | {"result": "nothing_found"})
    assert (refused.status_code, refused.headers["content-type"]) == (
        409,
        "application/problem+json",
    )
    # The system's word is not a person's.
    assert (await ledger.api.post(close, json=body | {"result": "over"})).status_code == 422
    assert (
        await ledger.api.post(f"/v1/work-orders/{new_id()}/close", json=body)
    ).status_code == 404
    assert (await ledger.api.get(path)).json()["items"] == []
    query = "from=2025-03-01T00:00:00Z&to=2025-03-02T00:00:00Z"
    summary = await ledger.api.get(f"/v1/reconnections/summary?{query}")
    assert summary.status_code == 200, summary.text
    assert summary.json()["begun"] == 0
    wrong = await ledger.api.get(f"/v1/reconnections/summary?{query.replace('03-02', '02-02')}")
    assert wrong.status_code == 422
