"""Hardship over HTTP on the real PostgreSQL: who sees what, what a person says, and refusals."""

import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hardship_cases import example_policy
from hardship_runs import hard_life, look_at, publish_example, take_hardship

from billing.bootstrap import hardship_routers
from billing.hardship.policy import document_of
from prewatt_common.clock import utc_now
from prewatt_common.http.app import create_app
from prewatt_common.http.auth import issue_token

pytestmark = pytest.mark.stack

NOON = datetime(2026, 12, 15, 4, tzinfo=UTC)
KEY = Ed25519PrivateKey.generate()
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def bearer(subject: str, *scopes: str) -> dict[str, str]:
    token = issue_token(
        private_key_pem=PRIVATE,
        subject=subject,
        scopes=scopes,
        now=utc_now(),
        lifetime=timedelta(hours=1),
    )
    return {"authorization": f"Bearer {token}"}


WANG = bearer("wang", "billing:hardship")
LI = bearer("li", "billing:read", "billing:write")


@pytest.fixture
async def client(billing) -> AsyncGenerator[httpx.AsyncClient]:
    app = create_app(
        name="billing",
        summary="A test.",
        tags={},
        examples={},
        auth_public_key=PUBLIC,
        routers=list(hardship_routers(billing.database)),
        checks={},
        consuming={},
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as found:
        yield found


@pytest.fixture
async def flagged(billing, homes) -> Any:
    """Two households that are shown; the account number of one is known."""
    await publish_example(billing.database, NOON)
    some = [homes(first_day=NOON.date().replace(month=8, day=1)) for _ in range(2)]
    for one in some:
        await billing.take(*one.facts)
        await take_hardship(billing, *hard_life(one.account_id, NOON))
    await billing.take(some[0].account)
    await look_at(billing.database, NOON)
    return some


async def _items(client: httpx.AsyncClient, **query: str) -> list[dict[str, Any]]:
    answer = await client.get("/v1/hardship/flags", params=query, headers=WANG)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def test_a_person_sees_why_and_says_what_was_done(client, flagged, billing) -> None:
    one = flagged[0]
    assert len(await _items(client)) == 2
    (flag,) = await _items(client, account_id=str(one.account_id), level="likely")
    assert flag["indicators"] == ["ran_out", "tiny_top_ups"]
    assert flag["acknowledgement"] is None
    path = f"/v1/hardship/flags/{flag['id']}"

    whole = (await client.get(path, headers=WANG)).json()
    assert whole["account_number"] == one.account.number
    (ran_out, tiny) = whole["evidence"]
    assert (ran_out["kind"], ran_out["numbers"]["seen_times"]) == ("supply", 2)
    assert tiny["numbers"]["seen_median_micro"] == 10_000_000
    assert len(whole["history"]) == 1
    for language, word in (("en", "runs out of money"), ("zh-CN", "余额用尽")):
        answer = await client.get(
            f"{path}/explanation", params={"language": language}, headers=WANG
        )
        text = answer.json()["text"]
        assert word in text
        assert "10.00 CNY" in text
        assert one.account.number in text

    body = {"action": "called", "note": "moves to weekly payments"}
    for _ in range(2):
        done = await client.post(
            f"{path}/acknowledge", json=body, headers={**WANG, "Idempotency-Key": "k1"}
        )
        assert done.status_code == 200
        assert (done.json()["by"], done.json()["action"]) == ("wang", "called")
    other = await client.post(
        f"{path}/acknowledge",
        json={**body, "action": "no_action"},
        headers={**WANG, "Idempotency-Key": "k1"},
    )
    assert (other.status_code, other.json()["type"]) == (
        409,
        "urn:prewatt:problem:idempotency-key-used",
    )
    (kept,) = (await client.get(path, headers=WANG)).json()["acknowledgements"]
    assert kept["note"] == "moves to weekly payments"
    assert [each["id"] for each in await _items(client, acknowledged="true")] == [flag["id"]]
    assert flag["id"] not in {each["id"] for each in await _items(client, acknowledged="false")}
    supply = await billing.rows("SELECT topic FROM outbox")
    assert {row["topic"] for row in supply} == {"billing.events.v1"}


async def test_who_looked_is_kept_and_shown_to_who_answers_for_it(client, flagged) -> None:
    (flag,) = await _items(client, account_id=str(flagged[0].account_id))
    await client.get(f"/v1/hardship/flags/{flag['id']}", headers=WANG)
    await client.get(f"/v1/hardship/flags/{flag['id']}/explanation", headers=WANG)
    await _items(client)
    answer = await client.get("/v1/hardship/looks", headers=LI)
    seen = [(each["by"], each["what"], each["account_id"]) for each in answer.json()["items"]]
    account_id = flag["account_id"]
    assert seen == [
        ("wang", "list", None),
        ("wang", "explanation", account_id),
        ("wang", "flag", account_id),
        ("wang", "list", account_id),
    ]
    assert (await client.get("/v1/hardship/looks", headers=WANG)).status_code == 403


async def test_billing_read_does_not_show_households(client, flagged) -> None:
    for path in ("/v1/hardship/flags", f"/v1/hardship/flags/{UUID(int=1)}"):
        answer = await client.get(path, headers=LI)
        assert (answer.status_code, answer.json()["scope"]) == (403, "billing:hardship")


async def test_what_is_not_there_is_refused_by_name(client, flagged) -> None:
    path = f"/v1/hardship/flags/{uuid4()}"
    body = {"action": "called", "note": "n"}
    headers = {**WANG, "Idempotency-Key": "k"}
    answers = [
        await client.get(path, headers=WANG),
        await client.get(f"{path}/explanation", headers=WANG),
        await client.post(f"{path}/acknowledge", json=body, headers=headers),
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()["type"]) == (
            404,
            "urn:prewatt:problem:unknown-hardship-flag",
        )
    assert (await client.post(f"{path}/acknowledge", json=body, headers=WANG)).status_code == 422


async def test_a_policy_is_published_in_versions(client) -> None:
    document = json.loads(json.dumps(document_of(example_policy())))
    body = {"document": document, "reason": "agreed"}
    path, headers = "/v1/hardship/policies", {**LI, "Idempotency-Key": "p1"}
    for _ in range(2):
        made = await client.post(path, json=body, headers=headers)
        assert (made.status_code, made.json()["version"]) == (201, 1)
    other = await client.post(path, json={**body, "reason": "another"}, headers=headers)
    assert other.status_code == 409
    broken = {**body, "document": {**body["document"], "timezone": "Nowhere"}}
    refused = await client.post(path, json=broken, headers={**LI, "Idempotency-Key": "p2"})
    assert (refused.status_code, refused.json()["type"]) == (
        422,
        "urn:prewatt:problem:invalid-hardship-policy",
    )
    assert "nothing was published" in refused.json()["detail"]
    await client.post(path, json=body, headers={**LI, "Idempotency-Key": "p3"})
    listed = (await client.get(path, headers=LI)).json()["items"]
    assert [each["version"] for each in listed] == [2, 1]
    assert listed[0]["document"] == body["document"]
