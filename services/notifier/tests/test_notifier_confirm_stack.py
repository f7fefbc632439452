"""Whoever got a notice learns that it is ours, on real parts."""

import re
from uuid import uuid4

import httpx
import pytest
from notifier_events import low, mail_contact, off, topped_up

from notifier.templates.codes import text_of_code

pytestmark = pytest.mark.stack


async def ask(notifier, tail: str, code: str) -> str:
    async with httpx.AsyncClient(base_url=notifier.base_url) as client:
        answer = await client.post("/n", data={"tail": tail, "code": code, "lang": "en"})
    assert answer.status_code == 200, answer.text
    return answer.text


def typed_from(mail) -> tuple[str, str]:
    """The tail and the code, as the mail says them."""
    found = re.search(r"Type (\S+) and the code ([0-9A-Z]{8}) at", mail.get_content())
    assert found, mail.get_content()
    return found[1], found[2]


async def test_what_a_mail_says_is_confirmed_also_once_it_is_overtaken(notifier):
    contact = mail_contact(uuid4().hex)
    account_id = await notifier.account(**contact)
    await notifier.publish(low(account_id))
    await notifier.until_notices(account_id, ("low-balance", "email", "accepted"))
    tail, code = typed_from(notifier.smtp.to(contact["email"])[0])
    assert tail == f"{account_id.int % 10**4:04d}"
    for number in (tail, f"1{account_id.int % 10**9:09d}", f" {tail} "):
        said = await ask(notifier, number, code.lower())
        assert "Yes, we sent this" in said
        assert "by e-mail, about a low balance" in said
    assert "We did not send this" in await ask(notifier, f"{int(tail) ^ 1:04d}", code)
    assert "We did not send this" in await ask(notifier, tail, "00000000")
    await notifier.publish(topped_up(account_id))
    await notifier.until_notices(
        account_id, ("low-balance", "email", "accepted"), ("topped-up", "email", "accepted")
    )
    assert "Yes, we sent this" in await ask(notifier, tail, code)


async def test_the_text_is_said_again_with_the_same_code_and_each_notice_has_its_own(notifier):
    contact = mail_contact(uuid4().hex)
    account_id = await notifier.account(**contact)
    await notifier.publish(low(account_id))
    await notifier.until_notices(account_id, ("low-balance", "email", "accepted"))
    await notifier.publish(off(account_id))
    first, second = await notifier.until_notices(
        account_id, ("low-balance", "email", "accepted"), ("supply-off", "email", "accepted")
    )
    codes = [typed_from(mail)[1] for mail in notifier.smtp.to(contact["email"])]
    assert len(set(codes)) == 2
    async with notifier.http("notifier:read") as client:
        for notice, code in zip((first, second), codes, strict=True):
            said = (await client.get(f"/v1/notices/{notice['id']}/text")).json()
            assert said["is_exact"] is True
            assert code in said["body"]


async def test_a_number_that_is_short_or_told_later_denies_nothing(notifier):
    contact = mail_contact(uuid4().hex)
    account_id = await notifier.account(**contact)
    await notifier.publish(low(account_id))
    await notifier.until_notices(account_id, ("low-balance", "email", "accepted"))
    _, code = typed_from(notifier.smtp.to(contact["email"])[0])
    connection = await notifier.connect()
    try:
        for number, tail in (("7", "7"), ("A 12", "A 12"), ("2345", str(account_id)[-4:])):
            change = "UPDATE account SET number = $2 WHERE id = $1"
            await connection.execute(change, account_id, number)
            assert "Yes, we sent this" in await ask(notifier, tail, code)
    finally:
        await connection.close()


async def test_what_was_not_sent_is_not_confirmed(notifier):
    account_id = await notifier.account(**mail_contact(uuid4().hex) | {"channels": []})
    await notifier.publish(low(account_id))
    (notice,) = await notifier.until_notices(account_id, ("low-balance", "log", "suppressed"))
    connection = await notifier.connect()
    code = await connection.fetchval("SELECT code FROM notice WHERE id = $1", notice["id"])
    await connection.close()
    tail = f"{account_id.int % 10**4:04d}"
    assert "We did not send this" in await ask(notifier, tail, text_of_code(code))
