"""Settlements on the running ledger: over HTTP, by ``prewatt``, and after kills."""

import asyncio
import base64
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml
from ledger_clearing import on
from ledger_cli import prewatt
from ledger_settlements import MICRO, PLAIN, Row, plain_file
from ledger_vending import balance, refusal

from prewatt_common.clock import utc_now
from prewatt_devstack.services import WEBHOOK_PROVIDER

pytestmark = pytest.mark.stack


def a_day(back: int = 1) -> date:
    """A day of the provider's that is over."""
    return utc_now().astimezone(UTC).date() - timedelta(days=back)


async def upload(
    ledger: Any, day: date, *rows: Row, key: str | None = None, **more: Any
) -> httpx.Response:
    content = plain_file([on(each, day) for each in rows])
    body = {
        "business_day": day.isoformat(), "name": "s.csv", "mapping": PLAIN,
        "content_base64": base64.b64encode(content).decode(),
    } | more  # fmt: skip
    provider = body.pop("provider", WEBHOOK_PROVIDER)
    headers = {"idempotency-key": key or f"k-{uuid4()}"}
    return await ledger.api.post(f"/v1/settlements/{provider}", json=body, headers=headers)


async def unresolved(ledger: Any, *payment_ids: str) -> list[dict[str, Any]]:
    answer = await ledger.api.get(
        "/v1/settlements/differences", params={"unresolved": "true", "limit": "1000"}
    )
    assert answer.status_code == 200, answer.text
    return [each for each in answer.json()["items"][::-1] if each["payment_id"] in payment_ids]


async def resolve(
    ledger: Any, difference: dict[str, Any], how: str, *, key: str | None = None
) -> httpx.Response:
    return await ledger.api.post(
        f"/v1/settlements/differences/{difference['id']}/{how}",
        json={"reason": "ticket 7"},
        headers={"idempotency-key": key or f"k-{uuid4()}"},
    )


async def test_a_file_in_a_difference_resolved_and_a_late_webhook(ledger: Any) -> None:
    account, day = await ledger.open(), a_day(3)
    names = [f"p-{uuid4()}" for _ in range(3)]
    rows = [Row(id=each, micro=5 * MICRO, account=account["number"], fee_micro=MICRO)
            for each in names]  # fmt: skip
    paid = ledger.payment(account["number"], 5 * MICRO, payment_id=names[0])
    assert (await ledger.deliver(paid)).json()["outcome"] == "credited"
    kept = await upload(ledger, day, *rows)
    assert kept.status_code == 201, kept.text
    said = kept.json()
    assert (said["agreeing_lines"], said["unresolved"], said["repeated"], said["stands"]) == (
        1, {"missing-here": 2}, False, True,
    )  # fmt: skip
    again = (await upload(ledger, day, *rows)).json()
    assert (again["id"], again["repeated"]) == (said["id"], True)
    content = await ledger.api.get(f"/v1/settlements/files/{said['id']}/content")
    assert content.content == plain_file([on(each, day) for each in rows])
    assert refusal(await upload(ledger, day, *rows[:1])) == (409, "revision-needs-reason")
    first, second = await unresolved(ledger, *names)
    taken = await resolve(ledger, first, "take")
    assert (taken.status_code, taken.json()["outcome"]) == (200, "taken"), taken.text
    assert taken.json()["steps"][0]["who"] == "test"
    late = await ledger.deliver(
        ledger.payment(account["number"], 5 * MICRO, payment_id=first["payment_id"])
    )
    assert (late.json()["outcome"], late.json()["repeated"]) == ("credited", True)
    # The other's webhook comes by itself, and its difference closes by itself.
    await ledger.deliver(
        ledger.payment(account["number"], 5 * MICRO, payment_id=second["payment_id"])
    )

    async def gone() -> bool:
        return not await unresolved(ledger, *names)

    await ledger.until(gone, what="the late webhook closed its difference")
    assert await balance(ledger, account) == 15 * MICRO
    closed = (await ledger.api.get(f"/v1/settlements/differences/{second['id']}")).json()
    assert (closed["state"], closed["reason"].startswith("its webhook came")) == ("gone", True)
    (owed,) = [
        each
        for each in (await ledger.api.get("/v1/settlements/owed")).json()
        if (each["provider"], each["currency"]) == (WEBHOOK_PROVIDER, "CNY")
    ]
    posted = await ledger.posted()
    assert owed["owed_micro"] == -posted[f"clearing:{WEBHOOK_PROVIDER}"]
    assert owed["fees_micro"] == -posted["payment-fees"] > 0


async def test_what_is_refused(ledger: Any) -> None:
    row = Row(id="x", micro=MICRO)
    assert refusal(await upload(ledger, a_day(9), row, provider="nobody")) == (
        404, "unknown-provider",
    )  # fmt: skip
    assert refusal(await upload(ledger, a_day(-1), row)) == (409, "settled-day-not-over")
    answer = await upload(ledger, a_day(9), row, mapping=PLAIN | {"amount": "sum"})
    assert refusal(answer) == (422, "settlement-refused")
    assert "the header has no column sum; nothing of it was kept" in answer.json()["detail"]
    assert refusal(await upload(ledger, a_day(9), row, mapping=None)) == (422, "settlement-refused")
    for path in ("files", "differences"):
        answer = await ledger.api.get(f"/v1/settlements/{path}/{uuid4()}")
        assert answer.status_code == 404, answer.text
    assert refusal(await resolve(ledger, {"id": str(uuid4())}, "ask")) == (
        404, "unknown-settlement-difference",
    )  # fmt: skip


async def test_by_prewatt(ledger: Any, tmp_path: Path) -> None:
    account, day, name = await ledger.open(), a_day(20), f"p-{uuid4()}"
    file, mapping = tmp_path / "day.csv", tmp_path / "mapping.yaml"
    file.write_bytes(plain_file([on(Row(id=name, micro=MICRO, account=account["number"]), day)]))
    mapping.write_text(yaml.safe_dump(PLAIN), encoding="utf-8")
    asked = ("settlements", "import", WEBHOOK_PROVIDER, str(day), str(file))
    status, said = await prewatt(ledger, *asked)
    assert (status, said.count("\n"), "a mapping has to say" in said) == (2, 1, True), said
    status, said = await prewatt(ledger, *asked, "--mapping", str(mapping))
    assert (status, "0 of 1 lines agree; 1 missing-here" in said) == (0, True), said
    status, said = await prewatt(ledger, "settlements", "list", "--provider", WEBHOOK_PROVIDER)
    assert (status, name in said, "1.00 CNY" in said) == (0, True, True), said
    (found,) = await unresolved(ledger, name)
    settle = ("settlements", "resolve", found["id"])
    status, said = await prewatt(ledger, *settle, "correct", "--reason", "r")
    assert (status, said.count("\n"), "not resolved by correct" in said) == (2, 1, True), said
    status, said = await prewatt(ledger, *settle, "take", "--reason", "ticket 9")
    assert (status, "is taken (ticket 9)" in said) == (0, True), said
    status, said = await prewatt(ledger, "settlements", "show", found["id"])
    assert (status, "take (ticket 9)" in said) == (0, True), said
    status, said = await prewatt(ledger, "settlements", "owed")
    assert (status, WEBHOOK_PROVIDER in said) == (0, True), said
    assert await balance(ledger, account) == MICRO


@pytest.mark.timeout(300)
async def test_killed_while_it_takes_a_file_and_while_it_resolves(ledger: Any) -> None:
    account, day = await ledger.open(), a_day(30)
    names = [f"p-{uuid4()}" for _ in range(2_000)]
    rows = [Row(id=each, micro=MICRO, account=account["number"], fee_micro=10_000)
            for each in names]  # fmt: skip
    before = (await ledger.posted()).get("payment-fees", 0)
    key, seen = f"k-{uuid4()}", list[int]()
    for wait_s in (1.0, 2.0):
        asking = asyncio.create_task(upload(ledger, day, *rows, key=key))
        await asyncio.sleep(wait_s)
        await asyncio.to_thread(ledger.stack.kill, "prepay-ledger")
        answer = (await asyncio.gather(asking, return_exceptions=True))[0]
        count = "SELECT count(*) AS n FROM settlement_line WHERE business_day = $1 AND stands"
        kept = (await ledger.sql(count, day))[0]["n"]
        seen.append(kept)
        assert kept in {0, len(rows)}, answer
        await asyncio.to_thread(ledger.stack.start, "prepay-ledger")
    kept = await upload(ledger, day, *rows, key=key)
    assert (kept.status_code, kept.json()["unresolved"]) == (201, {"missing-here": 2_000})
    found = (await unresolved(ledger, *names))[:60]

    async def take_all() -> None:
        for each in found:
            await resolve(ledger, each, "take", key=f"t-{each['id']}")

    taking = asyncio.create_task(take_all())

    async def some() -> bool:
        return await balance(ledger, account) >= 5 * MICRO

    await ledger.until(some, what="some are taken")
    await asyncio.to_thread(ledger.stack.kill, "prepay-ledger")
    await asyncio.gather(taking, return_exceptions=True)
    await asyncio.to_thread(ledger.stack.start, "prepay-ledger")
    seen.append(await balance(ledger, account) // MICRO)
    print(f"\nkilled with {seen[:2]} of {len(rows)} lines kept, {seen[2:]} of 60 taken")
    for each in found:
        answer = await resolve(ledger, each, "take", key=f"t-{each['id']}")
        assert (answer.status_code, answer.json()["outcome"]) == (200, "taken"), answer.text
    assert await balance(ledger, account) == len(found) * MICRO
    assert (await ledger.posted())["payment-fees"] - before == -20 * MICRO
    assert datetime.fromisoformat(kept.json()["at"]) < utc_now()
