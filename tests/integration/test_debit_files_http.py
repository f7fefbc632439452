"""Batch debits, payouts and missing statements over HTTP, as the ledger's bootstrap makes it: who
may ask, and what is refused by which name."""

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
from rows_of_mandates import a_mandate
from service_apps import app_of, token

from prewatt_common.clock import utc_now
from prewatt_common.db.migrations import migrate

pytestmark = pytest.mark.stack

PROFILE = {
    "kind": "pain.008",
    "currency": "CNY",
    "creditor": {"name": "City Power", "account": "DE02120300000000202051"},
    "results": {"id": "id", "outcome": {"column": "o", "paid": ["ok"]}},
}
REASON = {"reason": "r"}


@pytest.fixture
async def ledger(stack: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[httpx.AsyncClient]:
    """Its profile is the provider of `a_mandate`."""
    monkeypatch.setenv("PREWATT_DEBIT_PROFILES", json.dumps({"p": PROFILE}))
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


async def begin(ledger: httpx.AsyncClient, key: str, **more: Any) -> httpx.Response:
    day = utc_now().date() + timedelta(days=7)
    while day.weekday() > 4:
        day += timedelta(days=1)
    body = {"provider": "p", "collect_on": day.isoformat(), "reason": "run"} | more
    return await ledger.post("/v1/debit-files", json=body, headers={"idempotency-key": key})


async def test_a_file_is_begun_and_refusals_have_names(ledger: httpx.AsyncClient) -> None:
    assert kind(await begin(ledger, "k", provider="nobody")) == (404, "unknown-debit-profile")
    today = utc_now().date().isoformat()
    assert kind(await begin(ledger, "k", collect_on=today)) == (422, "collect-day-refused")
    first = await begin(ledger, "k")
    assert (first.status_code, first.json()["state"]) == (201, "collecting")
    assert (await begin(ledger, "k")).json()["id"] == first.json()["id"]
    assert kind(await begin(ledger, "other")) == (409, "debit-file-open")
    path = f"/v1/debit-files/{first.json()['id']}"
    assert kind(await ledger.get(f"{path}/content")) == (404, "unknown-debit-file")
    assert kind(await ledger.post(f"{path}/send", json=REASON)) == (409, "debit-file-not-so")
    unknown = f"/v1/debit-files/{uuid4()}"
    assert kind(await ledger.post(f"{unknown}/cancel", json=REASON)) == (404, "unknown-debit-file")
    reader = token("ledger:read")
    assert (await ledger.get(path, headers=reader)).status_code == 200
    assert (await ledger.get(f"{path}/content", headers=reader)).status_code == 403


async def test_a_debtor_is_shown_by_the_end_of_the_account(ledger: httpx.AsyncClient) -> None:
    connection = await asyncpg.connect(
        ledger.database_url.replace("+asyncpg", "")  # type: ignore[attr-defined]
    )
    mandate = await a_mandate(connection)
    await connection.execute(
        "UPDATE mandate SET reference = 'm' || left(reference, 8), amount_micro = 10000, "
        "month_micro_max = 10000"
    )
    await connection.close()
    path = f"/v1/mandates/{mandate}/debtor"
    assert kind(await ledger.get(path)) == (404, "unknown-debtor")
    body = {"holder": "张敏", "bank_account": "6222000011112222", "reason": "signed"}
    put = await ledger.put(path, json=body)
    assert (put.status_code, put.json()["bank_account"]) == (200, "************2222")
    assert (await ledger.get(path)).json() == put.json()
    elsewhere = f"/v1/mandates/{uuid4()}/debtor"
    assert kind(await ledger.put(elsewhere, json=body)) == (404, "unknown-debtor")


async def test_an_answer_is_kept_once_or_refused_with_the_place(ledger: httpx.AsyncClient) -> None:
    async def upload(body: bytes, key: str) -> httpx.Response:
        content = base64.b64encode(body).decode()
        return await ledger.post(
            "/v1/debit-results",
            json={"provider": "p", "name": "a.csv", "content_base64": content},
            headers={"idempotency-key": key},
        )

    assert kind(await upload(b"id,o\n1,perhaps\n", "k")) == (422, "debit-result-refused")
    first, again = await upload(b"id,o\n1,ok\n", "k"), await upload(b"id,o\n1,ok\n", "k2")
    assert (first.status_code, first.json()["repeated"], again.json()["repeated"]) == (
        201, False, True,
    )  # fmt: skip
    assert kind(await upload(b"id,o\n2,ok\n", "k")) == (409, "idempotency-key-used")
    found = await ledger.get("/v1/debit-answers", params={"result_id": first.json()["id"]})
    (answer,) = found.json()["items"]
    assert (answer["state"], answer["named"], answer["kind"]) == ("waiting", "1", "paid")
    closed = await ledger.post(f"/v1/debit-answers/{answer['id']}/close", json=REASON)
    assert kind(closed) == (409, "debit-answer-not-open")


async def test_payouts_and_gaps_that_are_none_are_refused(ledger: httpx.AsyncClient) -> None:
    path, keyed = f"/v1/payouts/{uuid4()}", {"idempotency-key": "k"}
    assert kind(await ledger.get(path)) == (404, "unknown-payout")
    for action in ("undo", "accept"):
        answer = await ledger.post(f"{path}/{action}", json=REASON, headers=keyed)
        assert kind(answer) == (404, "unknown-payout")
    match = REASON | {"bank_line": str(uuid4())}
    assert kind(await ledger.post(f"{path}/match", json=match, headers=keyed)) == (
        404, "unknown-payout",
    )  # fmt: skip
    gap = await ledger.post(f"/v1/bank/gaps/{uuid4()}/accept", json=REASON)
    assert kind(gap) == (409, "no-statement-gap")
    assert (await ledger.get("/v1/bank/silent-accounts")).json() == []
