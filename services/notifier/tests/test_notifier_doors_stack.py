"""A door notice is kept with its photo and told to the ledger, all of it or nothing: real parts."""

import asyncio
from base64 import b64encode
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from notifier_doors import JPEG, PNG
from notifier_events import low, mail_contact, topped_up

from prewatt_common.clock import utc_now
from prewatt_common.http.auth import issue_token

pytestmark = pytest.mark.stack


async def failed(notifier) -> tuple[UUID, dict]:
    """An account whose warning no channel takes, and that notice."""
    contact = mail_contact(uuid4().hex)
    notifier.smtp.answers[contact["email"]] = "550 nobody here"
    account_id = await notifier.account(**contact)
    await notifier.publish(low(account_id))
    (notice,) = await notifier.until_notices(account_id, ("low-balance", "email", "failed"))
    return account_id, notice


def brought(notice: dict, **changes) -> dict:
    body = {
        "notice_id": notice["id"],
        "how": "posted_at_premises",
        "at": utc_now().isoformat(),
        "address": "12 Plum Lane, door 3",
        "photo_base64": b64encode(JPEG).decode(),
    }
    return body | changes


async def bring(notifier, body: dict, key: str | None = None) -> httpx.Response:
    headers = {"Idempotency-Key": key or str(uuid4())}
    async with notifier.http("notifier:door") as client:
        return await client.post("/v1/door-notices", json=body, headers=headers, timeout=60)


async def told(notifier, account_id) -> list[dict]:
    return [
        each
        for each in await notifier.told(account_id)
        if each["type"] == "prewatt.notice.delivered.v1"
    ]


async def test_it_is_kept_as_it_came_and_told_once(notifier):
    account_id, notice = await failed(notifier)
    body = brought(notice, latitude_micro=31_230_416, longitude_micro=121_473_701)
    answer = await bring(notifier, body, "first")
    assert answer.status_code == 201, answer.text
    kept = answer.json()
    assert (kept["is_evidence"], kept["by"], kept["template"]) == (True, "test", "low-balance")
    assert kept["photo_sha256"] == sha256(JPEG).hexdigest()
    assert (await bring(notifier, body, "first")).json() == kept
    other = await bring(notifier, body | {"how": "in_person"}, "first")
    assert (other.status_code, other.json()["type"].rpartition(":")[2]) == (
        409,
        "idempotency-key-used",
    )

    async def is_told() -> bool:
        return bool(await told(notifier, account_id))

    await notifier.until(is_told, what="the ledger is told")
    (event,) = await told(notifier, account_id)
    assert (event["notice_id"], event["cause_id"]) == (kept["id"], notice["cause_id"])
    assert (event["channel"], event["proof"]) == ("posted_at_premises", "brought")
    assert as_instants(event["said_at"], event["at"]) == as_instants(
        kept["at"], kept["recorded_at"]
    )
    assert (kept["is_late"], kept["evidence_from"]) == (False, kept["recorded_at"])
    assert kept["at"] <= kept["recorded_at"]
    async with notifier.http("notifier:read") as client:
        path = f"/v1/door-notices/{kept['id']}"
        assert (await client.get(path)).json() == kept
        photo = await client.get(f"{path}/photo")
        assert (photo.content, photo.headers["content-type"]) == (JPEG, "image/jpeg")
        assert photo.headers["content-disposition"] == "attachment"
        assert photo.headers["x-content-type-options"] == "nosniff"
        listed = await client.get("/v1/door-notices", params={"account_id": str(account_id)})
        assert listed.json()["items"] == [kept]
        assert (await client.get(f"/v1/door-notices/{uuid4()}/photo")).status_code == 404


def as_instants(*texts: str) -> list[datetime]:
    return [datetime.fromisoformat(text) for text in texts]


async def confirm(notifier, door_id: str, *, who: str = "wang", key: str = "c") -> httpx.Response:
    token = issue_token(
        private_key_pem=notifier.auth_private,
        subject=who,
        scopes=["notifier:door"],
        now=utc_now(),
        lifetime=timedelta(minutes=5),
    )
    async with notifier.http() as client:
        return await client.post(
            f"/v1/door-notices/{door_id}/confirm",
            json={"reason": "the list of the round"},
            headers={"Authorization": f"Bearer {token}", "Idempotency-Key": key},
        )


async def made_long_ago(notifier, notice: dict) -> None:
    connection = await notifier.connect()
    try:
        await connection.execute(
            "UPDATE notice SET created_at = created_at - interval '60 hours' WHERE id = $1",
            UUID(notice["id"]),
        )
    finally:
        await connection.close()


async def test_what_is_recorded_late_counts_once_another_person_confirms_it(notifier):
    account_id, notice = await failed(notifier)
    await made_long_ago(notifier, notice)
    at = (utc_now() - timedelta(hours=49)).isoformat()
    kept = (await bring(notifier, brought(notice, at=at))).json()
    assert (kept["is_late"], kept["is_evidence"], kept["evidence_from"]) == (True, False, None)
    alone = await confirm(notifier, kept["id"], who="test")
    assert (alone.status_code, alone.json()["type"]) == (
        403, "urn:prewatt:problem:needs-second-person",
    )  # fmt: skip
    assert await told(notifier, account_id) == []
    answers = await asyncio.gather(*(confirm(notifier, kept["id"]) for _ in range(2)))
    assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
    done = answers[0].json()
    assert done == answers[1].json()
    assert (done["is_evidence"], done["confirmed_by"]) == (True, "wang")
    assert done["evidence_from"] == done["confirmed_at"] > kept["recorded_at"]
    again = await confirm(notifier, kept["id"], who="zhao", key="z")
    assert (again.status_code, again.json()["type"]) == (
        409, "urn:prewatt:problem:nothing-to-confirm",
    )  # fmt: skip
    assert (await confirm(notifier, str(uuid4()), key="u")).status_code == 404

    async def is_told() -> bool:
        return bool(await told(notifier, account_id))

    await notifier.until(is_told, what="the ledger is told")
    (event,) = await told(notifier, account_id)
    assert as_instants(event["said_at"], event["at"]) == as_instants(
        kept["at"], done["confirmed_at"]
    )


async def test_what_was_overtaken_before_it_is_confirmed_is_no_evidence(notifier):
    account_id, notice = await failed(notifier)
    await made_long_ago(notifier, notice)
    at = (utc_now() - timedelta(hours=49)).isoformat()
    kept = (await bring(notifier, brought(notice, at=at))).json()
    await notifier.publish(topped_up(account_id))
    await notifier.until_notices(
        account_id, ("low-balance", "email", "failed"), ("topped-up", "email", "failed")
    )
    done = (await confirm(notifier, kept["id"], key="o")).json()
    assert (done["confirmed_by"], done["is_evidence"], done["evidence_from"]) == (
        "wang", False, None,
    )  # fmt: skip
    connection = await notifier.connect()
    try:
        with pytest.raises(asyncpg.RestrictViolationError, match="never changed"):
            await connection.execute("DELETE FROM door_confirmation")
    finally:
        await connection.close()


async def test_what_a_payment_overtook_is_kept_and_not_told(notifier):
    account_id, notice = await failed(notifier)
    await notifier.publish(topped_up(account_id))
    contact_failed = ("topped-up", "email", "failed")
    await notifier.until_notices(account_id, ("low-balance", "email", "failed"), contact_failed)
    answer = await bring(notifier, brought(notice, photo_base64=b64encode(PNG).decode()))
    assert (answer.status_code, answer.json()["is_evidence"]) == (201, False)
    await asyncio.sleep(0.5)
    assert await told(notifier, account_id) == []


async def test_what_a_payment_overtook_is_no_evidence_where_nothing_was_sent_either(notifier):
    account_id = await notifier.account(**mail_contact(uuid4().hex) | {"channels": []})
    await notifier.publish(low(account_id))
    suppressed = ("low-balance", "log", "suppressed")
    (notice,) = await notifier.until_notices(account_id, suppressed)
    await notifier.publish(topped_up(account_id))
    await notifier.until_notices(account_id, suppressed, ("topped-up", "log", "suppressed"))
    answer = await bring(notifier, brought(notice))
    assert (answer.status_code, answer.json()["is_evidence"]) == (201, False)


async def test_what_a_payment_overtook_is_no_evidence_once_the_contact_is_forgotten(notifier):
    account_id, notice = await failed(notifier)
    await notifier.publish(topped_up(account_id))
    await notifier.until_notices(
        account_id, ("low-balance", "email", "failed"), ("topped-up", "email", "failed")
    )
    async with notifier.http("notifier:write") as client:
        assert (await client.delete(f"/v1/contacts/{account_id}")).status_code == 204
    answer = await bring(notifier, brought(notice))
    assert (answer.status_code, answer.json()["is_evidence"]) == (201, False)


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"photo_base64": b64encode(b"<svg/>").decode()}, 409, "JPEG or PNG"),
        ({"photo_base64": "abc"}, 422, "photo_base64"),
        ({"at": "2001-01-01T00:00:00Z"}, 409, "before there was"),
        ({"at": "2099-01-01T00:00:00Z"}, 409, "after now"),
        ({"at": "2026-03-01T00:00:00"}, 422, "timezone"),
        ({"address": None}, 422, "where it was"),
        ({"latitude_micro": 1}, 422, "belong together"),
        ({"latitude_micro": 90_000_001, "longitude_micro": 0}, 422, "latitude_micro"),
        ({"how": "email"}, 422, "how"),
        ({"notice_id": str(uuid4())}, 404, "no notice"),
        ({"who": "me"}, 422, "who"),
    ],
)
async def test_what_is_refused_is_not_kept(notifier, changes, status, says):
    account_id, notice = await failed(notifier)
    answer = await bring(notifier, brought(notice, **changes))
    assert (answer.status_code, says in answer.text) == (status, True), answer.text
    async with notifier.http("notifier:read") as client:
        listed = await client.get("/v1/door-notices", params={"account_id": str(account_id)})
    assert listed.json()["items"] == []


async def test_a_record_is_never_changed_and_its_photo_goes_by_itself(notifier):
    _, notice = await failed(notifier)
    kept = (await bring(notifier, brought(notice))).json()
    connection = await notifier.connect()
    try:
        for statement in (
            "UPDATE door_notice SET recorded_by = 'x' WHERE id = $1",
            "DELETE FROM door_notice WHERE id = $1",
        ):
            with pytest.raises(asyncpg.RestrictViolationError, match="never changed"):
                await connection.execute(statement, kept["id"])
        await connection.execute("DELETE FROM door_photo WHERE door_id = $1", kept["id"])
    finally:
        await connection.close()
    async with notifier.http("notifier:read") as client:
        path = f"/v1/door-notices/{kept['id']}"
        assert (await client.get(f"{path}/photo")).status_code == 404
        assert (await client.get(path)).json() == kept


async def test_killed_between_the_record_and_its_event_it_is_neither(notifier):
    account_id, notice = await failed(notifier)
    body = brought(notice)
    connection = await notifier.connect()
    holding = connection.transaction()
    await holding.start()
    # The record is written, and the event of it waits.
    await connection.execute("LOCK TABLE outbox IN EXCLUSIVE MODE")
    asking = asyncio.create_task(bring(notifier, body, "killed"))

    async def waits() -> bool:
        return bool(
            await connection.fetchval(
                "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'outbox'::regclass "
                "AND mode = 'RowExclusiveLock' AND NOT granted)"
            )
        )

    await notifier.until(waits, what="it waits for the outbox")
    notifier.kill()
    await notifier.ended()
    with pytest.raises(httpx.HTTPError):
        await asking
    await holding.rollback()
    try:
        count = "SELECT count(*) FROM door_notice WHERE notice_id = $1"
        assert await connection.fetchval(count, UUID(notice["id"])) == 0
        await notifier.start()
        kept = await bring(notifier, body, "killed")
        assert kept.status_code == 201, kept.text
        assert await connection.fetchval(count, UUID(notice["id"])) == 1
    finally:
        await connection.close()

    async def is_told() -> bool:
        return bool(await told(notifier, account_id))

    await notifier.until(is_told, what="the ledger is told")
    assert [each["notice_id"] for each in await told(notifier, account_id)] == [kept.json()["id"]]
