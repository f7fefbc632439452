"""A person whom the customer has named is warned too, on real parts."""

from uuid import uuid4

import pytest
from notifier_events import low, mail_contact, off, topped_up
from test_notifier_inbound_stack import answers, centre, ledger, reader, worked

pytestmark = pytest.mark.stack

AGREED = {"how": "by telephone", "at": "2026-03-01T09:00:00Z"}
USED = (ledger, centre)
"""Fixtures."""


def person(name: str, **more) -> dict:
    contact = mail_contact(name, language="zh-CN")
    return contact | {"customer_agreed": AGREED, "person_agreed": AGREED} | more


async def name_somebody(notifier, account_id, body: dict, *, status: int = 200) -> dict:
    async with notifier.http("notifier:write") as client:
        answer = await client.put(f"/v1/contacts/{account_id}/nominated", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def rows(notifier, account_id) -> list[dict]:
    connection = await notifier.connect()
    try:
        found = await connection.fetch(
            "SELECT * FROM nomination WHERE account_id = $1 ORDER BY noted_at", account_id
        )
    finally:
        await connection.close()
    return [dict(row) for row in found]


async def test_both_are_warned_and_neither_once_it_is_overtaken(notifier):
    account_id = await notifier.account(**mail_contact(uuid4().hex))
    named = await name_somebody(notifier, account_id, person(uuid4().hex))
    assert (named["is_told"], named["by"]) == (True, "test")
    event = await notifier.publish(low(account_id))
    both = [("low-balance", "email", "accepted"), ("nominated-low-balance", "email", "accepted")]
    made = await notifier.until_notices(account_id, *both)
    assert [each["role"] for each in made] == ["customer", "nominated"]
    told = await notifier.told(account_id)
    assert {(each["template"], each["role"]) for each in told} == {
        ("low-balance", "customer"),
        ("nominated-low-balance", "nominated"),
    }
    # Once an occurrence, and the receipt is the customer's.
    await notifier.producer.send([event])
    await notifier.publish(topped_up(account_id))
    await notifier.until_notices(account_id, *both, ("topped-up", "email", "accepted"))
    mail = notifier.smtp.to(made[1]["recipient"])[0].get_content()
    assert "¥" not in mail
    async with notifier.http("notifier:read") as client:
        said = (await client.get(f"/v1/notices/{made[1]['id']}/text")).json()["body"]
    assert f"1{account_id.int % 10**9:09d}" not in said
    assert f"{account_id.int % 10**4:04d}" in said


async def test_it_is_kept_that_both_agreed_and_no_address_of_who_is_named_no_more(notifier):
    account_id = await notifier.account(**mail_contact(uuid4().hex))
    first, second = person(uuid4().hex), person(uuid4().hex)
    before = await name_somebody(notifier, account_id, first)
    assert await name_somebody(notifier, account_id, first) == before
    assert len(await rows(notifier, account_id)) == 1
    await notifier.publish(off(account_id))
    await notifier.until_notices(
        account_id,
        ("supply-off", "email", "accepted"),
        ("nominated-supply-off", "email", "accepted"),
    )
    later = second | {"person_agreed": AGREED | {"how": "by SMS"}}
    await name_somebody(notifier, account_id, later)
    old, new = await rows(notifier, account_id)
    assert (old["email"], list(old["channels"]), old["ended_by"]) == (None, [], "test")
    assert (old["person_agreed"], new["person_agreed"]) == ("by telephone", "by SMS")
    addresses = {each["role"]: each["recipient"] for each in await notifier.notices(account_id)}
    assert addresses["nominated"] == ""
    assert addresses["customer"]
    async with notifier.http("notifier:read", "notifier:write") as client:
        path = f"/v1/contacts/{account_id}"
        assert (await client.get(f"{path}/nominated")).json()["email"] == second["email"]
        # The customer is forgotten, and whom they have named.
        assert (await client.delete(path)).status_code == 204
        gone = await client.get(f"{path}/nominated")
        assert (gone.status_code, gone.json()["type"].rpartition(":")[2]) == (
            404,
            "nobody-nominated",
        )
        assert (await client.delete(f"{path}/nominated")).status_code == 404
    assert {each["email"] for each in await rows(notifier, account_id)} == {None}


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"channels": []}, 422, "no channel"),
        ({"channels": ["sms"]}, 422, "phone number"),
        ({"person_agreed": None}, 422, "person_agreed"),
        ({"customer_agreed": {"how": "", "at": AGREED["at"]}}, 422, "how"),
        ({"customer_agreed": {"how": "x", "at": "2026-03-01T09:00:00"}}, 422, "timezone"),
        ({"relation": "daughter"}, 422, "relation"),
        ({"person_agreed": {"how": "x", "at": "2099-01-01T00:00:00Z"}}, 409,
         "dated after now"),
    ],
)  # fmt: skip
async def test_what_is_refused(notifier, change, status, says):
    account_id = await notifier.account(**mail_contact(uuid4().hex))
    body = {k: v for k, v in (person("x") | change).items() if v is not None}
    assert says in str(await name_somebody(notifier, account_id, body, status=status))
    assert await rows(notifier, account_id) == []


async def test_nobody_is_named_without_a_customer(notifier):
    refused = await name_somebody(notifier, uuid4(), person("x"), status=404)
    assert refused["type"].endswith("unknown-contact")


async def test_stop_of_one_does_not_stop_the_other(notifier, centre, ledger):
    # Of a range of this file's own.
    theirs, ours = "+8613600000001", "+8613600000002"
    account_id = await reader(notifier, ledger, ours, language="en", channels=["sms"])
    body = {"language": "en", "phone": theirs, "channels": ["sms"]}
    body |= {"customer_agreed": AGREED, "person_agreed": AGREED}
    await name_somebody(notifier, account_id, body)
    tail = f"{account_id.int % 10**4:04d}"
    # What is asked of the account is told to its customer alone.
    await centre.write(theirs, "BALANCE")
    (said,) = await answers(notifier, centre, theirs, 1)
    assert tail in said
    assert "¥" not in said
    await centre.write(theirs, "STOP")
    _, stopped = await answers(notifier, centre, theirs, 2)
    assert "warn you no more" in stopped
    await worked(notifier, theirs, 2)
    await notifier.publish(low(account_id))

    async def statuses() -> dict[str, str]:
        return {n["template"]: n["status"] for n in await notifier.notices(account_id)}

    async def warned(status: str) -> bool:
        found = await statuses()
        return (found.get("low-balance"), found.get("nominated-low-balance")) == (
            "delivered",
            status,
        )

    await notifier.until(lambda: warned("declined"), what="the customer alone is warned")
    # The customer's own STOP is not the person's, and a new number is the same person's.
    await name_somebody(notifier, account_id, body | {"language": "zh-CN"})
    async with notifier.http("notifier:read") as client:
        kept = (await client.get(f"/v1/contacts/{account_id}/nominated")).json()
    assert (kept["is_told"], kept["language"]) == (False, "zh-CN")
    await centre.write(theirs, "START")
    await answers(notifier, centre, theirs, 3)
    await centre.write(ours, "STOP")
    await worked(notifier, ours, 1)
    async with notifier.http("notifier:read") as client:
        kept = (await client.get(f"/v1/contacts/{account_id}/nominated")).json()
    assert kept["is_told"]
