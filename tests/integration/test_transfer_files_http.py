"""Files of transfers over HTTP, as the ledger's bootstrap makes it: who may ask, what takes two
people, and what is refused by which name."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from own_databases import own_database
from rows_of_refunds import a_refund
from service_apps import app_of, token

from prewatt_common.clock import utc_now
from prewatt_common.db.migrations import migrate

pytestmark = pytest.mark.stack

PROFILE = {
    "kind": "pain.001",
    "currency": "CNY",
    "payer": {"name": "City Power", "account": "DE02120300000000202051"},
    "results": {"id": "id", "outcome": {"column": "o", "paid": ["ok"], "refused": ["no"]}},
}
REASON = {"reason": "r"}


@pytest.fixture
async def ledger(stack: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[httpx.AsyncClient]:
    monkeypatch.setenv("PREWATT_TRANSFER_PROFILES", json.dumps({"p": PROFILE}))
    monkeypatch.setenv("PREWATT_SECOND_PERSON_ABOVE_MICRO", "10000")
    async with own_database(stack, "prepay_ledger") as url:
        await asyncio.to_thread(migrate, package="prepay_ledger", database_url=url)
        async with (
            app_of("prepay_ledger", monkeypatch, database_url=url) as app,
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app=app),
                base_url="http://ledger",
                headers=token("ledger:read", "ledger:write"),
            ) as client,
        ):
            client.database_url = url  # type: ignore[attr-defined]
            yield client


def kind(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


async def refund(ledger: httpx.AsyncClient, micro: int = 10_000) -> str:
    connection = await asyncpg.connect(
        ledger.database_url.replace("+asyncpg", "")  # type: ignore[attr-defined]
    )
    refund_id = await a_refund(connection, micro)
    await connection.close()
    return refund_id


async def make(ledger: httpx.AsyncClient, key: str, **more: Any) -> httpx.Response:
    day = utc_now().date() + timedelta(days=7)
    while day.weekday() > 4:
        day += timedelta(days=1)
    body = {"bank": "p", "pay_on": day.isoformat(), "reason": "run"} | more
    return await ledger.post("/v1/transfer-files", json=body, headers={"idempotency-key": key})


async def test_a_file_is_made_given_to_the_bank_and_answered(ledger: httpx.AsyncClient) -> None:
    assert kind(await make(ledger, "k", bank="nobody")) == (404, "unknown-transfer-bank")
    assert kind(await make(ledger, "k")) == (409, "nothing-to-transfer")
    refund_id, odd = await refund(ledger), await refund(ledger, 10_001)
    assert kind(await make(ledger, "k", pay_on="2026-01-01")) == (422, "pay-day-refused")
    assert kind(await make(ledger, "k")) == (422, "transfer-unwritable")
    made = await make(ledger, "k", without=[odd])
    file = made.json()
    assert (made.status_code, file["state"], file["lines"]) == (201, "made", 1)
    path = f"/v1/transfer-files/{file['id']}"
    content = await ledger.get(f"{path}/content")
    assert refund_id.replace("-", "") in content.text
    assert "DE02120300000000202051" in content.text
    reader = token("ledger:read")
    assert (await ledger.get(f"{path}/content", headers=reader)).status_code == 403
    (line,) = (await ledger.get(f"{path}/lines", headers=reader)).json()["items"]
    assert line["bank_account"].endswith("**2051")
    cancel = f"/v1/refunds/{refund_id}/cancel"
    held = await ledger.post(cancel, json=REASON, headers={"idempotency-key": "c"})
    assert kind(held) == (409, "refund-not-so")
    assert (await ledger.post(f"{path}/send", json=REASON)).json()["state"] == "sent"
    assert kind(await ledger.post(f"/v1/transfer-files/{uuid4()}/send", json=REASON)) == (
        404, "unknown-transfer-file",
    )  # fmt: skip

    async def upload(body: str, key: str) -> httpx.Response:
        said = {
            "bank": "p",
            "name": "a",
            "content_base64": base64.b64encode(body.encode()).decode(),
        }
        headers = {"idempotency-key": key}
        return await ledger.post("/v1/transfer-results", json=said, headers=headers)

    assert kind(await upload("id,o\n1,perhaps\n", "k")) == (422, "transfer-result-refused")
    body = f"id,o\n{refund_id},no\n"
    assert [(await upload(body, key)).json()["repeated"] for key in ("k", "k2")] == [False, True]
    (answer,) = (await ledger.get("/v1/transfer-answers?open=true")).json()["items"]
    assert (answer["state"], answer["refund_id"]) == ("applied", refund_id)
    closing = f"/v1/transfer-answers/{answer['id']}/close"
    assert (await ledger.post(closing, json=REASON)).status_code == 204
    assert kind(await ledger.post(closing, json=REASON)) == (409, "transfer-answer-not-open")
    assert kind(await ledger.post(f"{path}/cancel", json=REASON)) == (409, "transfer-file-not-so")


async def test_an_answer_that_names_no_file_is_closed_as_not_paid(
    ledger: httpx.AsyncClient,
) -> None:
    refund_id = await refund(ledger)
    first = (await make(ledger, "k")).json()["id"]
    await ledger.post(f"/v1/transfer-files/{first}/cancel", json=REASON)
    second = (await make(ledger, "k2")).json()["id"]
    body = base64.b64encode(f"id,o\n{refund_id},no\n".encode()).decode()
    said = {"bank": "p", "name": "a", "content_base64": body}
    await ledger.post("/v1/transfer-results", json=said, headers={"idempotency-key": "k"})
    (answer,) = (await ledger.get("/v1/transfer-answers?open=true")).json()["items"]
    closing = f"/v1/transfer-answers/{answer['id']}/close"
    not_paid = REASON | {"not_paid": True}
    # 10,000 micro-units are not above what takes two people.
    assert (await ledger.post(closing, json=not_paid)).status_code == 204
    assert kind(await ledger.post(closing, json=not_paid)) == (409, "transfer-answer-not-open")
    (line,) = (await ledger.get(f"/v1/transfer-files/{second}/lines")).json()["items"]
    assert line["state"] == "refused"
    assert (await make(ledger, "k3")).json()["lines"] == 1


async def test_much_gives_its_bytes_to_nobody_before_two_people(ledger: httpx.AsyncClient) -> None:
    await refund(ledger, 20_000)
    file = (await make(ledger, "k")).json()
    assert file["state"] == "proposed"
    path = f"/v1/transfer-files/{file['id']}"
    assert kind(await ledger.get(f"{path}/content")) == (404, "unknown-transfer-file")
    (proposal,) = (await ledger.get("/v1/proposals?kind=transfer-file")).json()["items"]
    assert proposal["parameters"]["sha256_hex"] == file["sha256_hex"]
    approve = f"/v1/proposals/{proposal['id']}/approve"
    assert (await ledger.post(approve, json=REASON)).status_code == 403
    assert (await ledger.post(f"{path}/cancel", json=REASON)).json()["state"] == "cancelled"
    # One person alone cannot have it by giving it up.
    assert kind(await ledger.get(f"{path}/content")) == (404, "unknown-transfer-file")
