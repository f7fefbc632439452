"""A notice is said anew because a person asks: while it is true, and under one key once."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest
from notifier_events import low, mail_contact, topped_up

pytestmark = pytest.mark.stack

TWICE = (("low-balance", "email", "accepted"), ("low-balance", "email", "accepted"))


async def resend(notifier, notice: dict, *, key: str | None = None, reason: str = "new address"):
    async with notifier.http("notifier:write") as client:
        return await client.post(
            f"/v1/notices/{notice['id']}/resend",
            json={"reason": reason},
            headers={"idempotency-key": key or str(uuid4())},
        )


async def text_of(notifier, notice_id: str):
    async with notifier.http("notifier:read") as client:
        return await client.get(f"/v1/notices/{notice_id}/text")


async def warned(notifier, name: str, *, status: str = "accepted") -> tuple:
    account_id = await notifier.account(**mail_contact(name))
    await notifier.publish(low(account_id))
    (notice,) = await notifier.until_notices(account_id, ("low-balance", "email", status))
    return account_id, notice


async def test_a_notice_goes_anew_to_the_address_that_was_put_right(notifier, smtp_peer):
    smtp_peer.answers["wrong-one@home.example"] = "550 no such user here"
    account_id, notice = await warned(notifier, "wrong-one", status="failed")
    async with notifier.http("notifier:write") as client:
        await client.put(f"/v1/contacts/{account_id}", json=mail_contact("right-one"))
    key = str(uuid4())
    answers = await asyncio.gather(*(resend(notifier, notice, key=key) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {201}
    (anew,) = {answer.json()["id"] for answer in answers}
    first, second = await notifier.until_notices(
        account_id, ("low-balance", "email", "failed"), ("low-balance", "email", "accepted")
    )
    assert (second["id"], second["cause_id"]) == (anew, first["cause_id"])
    (mail,) = smtp_peer.to("right-one@home.example")
    assert mail["Message-ID"] == f"<{anew}@utility.example>"
    # Its acceptance is told as the first one's would have been.
    assert {event["cause_id"] for event in await notifier.told(account_id)} == {first["cause_id"]}
    assert (await resend(notifier, notice, key=key)).json()["id"] == anew
    other = await resend(notifier, notice, key=key, reason="another")
    assert (other.status_code, anew in other.json()["detail"]) == (409, True)


async def test_whoever_has_paid_is_not_reminded_because_somebody_asks(notifier, smtp_peer):
    smtp_peer.answers["paid-one@home.example"] = "550 no such user here"
    account_id, failed = await warned(notifier, "paid-one", status="failed")
    del smtp_peer.answers["paid-one@home.example"]
    await notifier.publish(topped_up(account_id))
    await notifier.until_notices(
        account_id, ("low-balance", "email", "failed"), ("topped-up", "email", "accepted")
    )
    refused = await resend(notifier, failed)
    assert refused.status_code == 409
    assert "true no more: a payment" in refused.json()["detail"]
    _, receipt = await notifier.notices(account_id)
    assert (await resend(notifier, receipt)).status_code == 201


async def test_what_is_on_its_way_or_over_is_not_said_anew(notifier, smtp_peer):
    address = "on-its-way@home.example"
    smtp_peer.answers[address] = "451 come back later"
    account_id = await notifier.account(**mail_contact("on-its-way"))
    await notifier.publish(low(account_id))

    async def waits() -> bool:
        found = await notifier.notices(account_id)
        return bool(found) and found[0]["attempts"] > 0

    await notifier.until(waits, what="an attempt")
    (notice,) = await notifier.notices(account_id)
    refused = await resend(notifier, notice)
    assert (refused.status_code, "on its way" in refused.json()["detail"]) == (409, True)
    del smtp_peer.answers[address]
    await notifier.until_notices(account_id, ("low-balance", "email", "accepted"))
    connection = await notifier.connect()
    await connection.execute(
        "UPDATE notice SET give_up_at = now(), expires_at = now() WHERE id = $1", notice["id"]
    )
    await connection.close()
    refused = await resend(notifier, notice)
    assert (refused.status_code, "its time is over" in refused.json()["detail"]) == (409, True)
    assert (await resend(notifier, {"id": str(uuid4())})).status_code == 404


async def test_without_a_contact_there_is_nowhere_to_send_to(notifier):
    account_id = await notifier.account()
    await notifier.publish(low(account_id))
    (notice,) = await notifier.until_notices(account_id, ("low-balance", "log", "delivered"))
    refused = await resend(notifier, notice)
    assert (refused.status_code, "has no contact" in refused.json()["detail"]) == (409, True)


async def test_it_tells_what_a_customer_was_told(notifier, smtp_peer):
    _, notice = await warned(notifier, "told-what")
    said = (await text_of(notifier, notice["id"])).json()
    (mail,) = smtp_peer.to("told-what@home.example")
    told = mail.get_content().replace("\r\n", "\n")
    assert (said["subject"], said["body"]) == (mail["Subject"], told)
    assert (said["text_version"], said["is_exact"]) == (0, True)
    connection = await notifier.connect()
    await connection.execute(
        "UPDATE notice SET said_sha256 = sha256('other words') WHERE id = $1", notice["id"]
    )
    assert (await text_of(notifier, notice["id"])).json()["is_exact"] is False
    await connection.execute(
        "UPDATE notice SET attempts = 0, text_version = NULL WHERE id = $1", notice["id"]
    )
    unsaid = await text_of(notifier, notice["id"])
    assert (unsaid.status_code, "was not said yet" in unsaid.text) == (409, True)
    await connection.close()
    assert (await text_of(notifier, str(uuid4()))).status_code == 404


@pytest.mark.parametrize(
    ("column", "value"), [("text_version", "-1"), ("said_sha256", "'\\x00'::bytea")]
)
async def test_the_table_holds_to_it_too(notifier, column, value):
    connection = await notifier.connect()
    _, notice = await warned(notifier, f"checked-{column.replace('_', '-')}")
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute(
            f"UPDATE notice SET {column} = {value} WHERE id = $1", notice["id"]
        )
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute(
            "INSERT INTO notice_resend VALUES ($1, $1, 'k', 'li', 'r', now())", notice["id"]
        )
    await connection.close()


async def test_killed_before_its_commit_nothing_is_said_anew(notifier, smtp_peer):
    account_id, notice = await warned(notifier, "resend-killed")
    connection = await notifier.connect()
    holding = connection.transaction()
    await holding.start()
    # It waits to write down who wanted it, with the new notice written and not committed.
    await connection.execute("LOCK TABLE notice_resend IN SHARE MODE")
    key = str(uuid4())
    asked = asyncio.create_task(resend(notifier, notice, key=key))
    waits = (
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'notice_resend'::regclass"
    )

    async def is_waiting() -> bool:
        return await connection.fetchval(waits) > 0

    await notifier.until(is_waiting, what="it has begun")
    notifier.kill()
    await notifier.ended()
    await holding.rollback()
    await connection.close()
    with pytest.raises(Exception):  # noqa: B017 - whatever a dead server looks like
        await asked
    await notifier.start()
    assert len(await notifier.notices(account_id)) == 1
    assert (await resend(notifier, notice, key=key)).status_code == 201
    await notifier.until_notices(account_id, *TWICE)
    assert len(smtp_peer.to("resend-killed@home.example")) == 2
