"""The policy as the service has it: an order over HTTP and on the topic, on the real parts."""

from uuid import UUID

import pytest
from test_notifier_doors_stack import bring, brought, failed

pytestmark = pytest.mark.stack


@pytest.fixture
async def sending(notifier):
    """The notifier while it sends people at once: it looks as it starts."""

    async def start(**changes: str) -> None:
        await notifier.stop()
        notifier.environment.pop("PREWATT_DOOR_NOTICE_AFTER_H", None)
        notifier.environment.update(changes)
        await notifier.start()

    yield lambda: start(PREWATT_DOOR_NOTICE_AFTER_H="0")
    await start()


async def test_somebody_is_sent_with_what_failed_until_it_is_brought(notifier, sending):
    account_id, notice = await failed(notifier)
    found: list[dict] = []

    async def listed(*, ended: bool) -> bool:
        async with notifier.http("notifier:read") as client:
            query = {"account_id": str(account_id), "open": str(not ended).lower()}
            found[:] = (await client.get("/v1/door-orders", params=query)).json()["items"]
        return bool(found)

    assert not await listed(ended=False)
    await sending()
    await notifier.until(lambda: listed(ended=False), what="somebody is sent")
    (order,) = found
    assert (order["notice_id"], order["language"], order["end"]) == (notice["id"], "en", None)
    assert order["account_number"] == f"1{account_id.int % 10**9:09d}"
    async with notifier.http("notifier:read") as client:
        letter = (await client.get(f"/v1/door-orders/{order['id']}/text")).json()
        other = await client.get(f"/v1/door-orders/{UUID(int=0)}/text")
    assert order["account_number"] in letter["body"]
    assert (other.status_code, other.json()["type"]) == (
        404, "urn:prewatt:problem:unknown-door-order",
    )  # fmt: skip
    kept = (await bring(notifier, brought({"id": order["notice_id"]}))).json()
    await notifier.until(lambda: listed(ended=True), what="it is over")
    assert [(each["end"], each["door_id"]) for each in found] == [("brought", kept["id"])]

    said: list[str] = []

    async def told() -> bool:
        said[:] = [e["type"] for e in await notifier.told(account_id) if "door" in e["type"]]
        return len(said) > 1

    await notifier.until(told, what="it is told")
    assert said == ["prewatt.notice.door-ordered.v1", "prewatt.notice.door-order-ended.v1"]
