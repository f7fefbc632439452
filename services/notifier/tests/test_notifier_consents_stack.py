"""What a customer declines is not said, on real parts."""

from uuid import uuid4

import pytest
from notifier_events import low, mail_contact, topped_up

pytestmark = pytest.mark.stack

PROBLEM = "urn:prewatt:problem:"


async def consents(client, account_id) -> dict[str, dict]:
    answer = await client.get(f"/v1/contacts/{account_id}/consents")
    assert answer.status_code == 200, answer.text
    return {each.pop("purpose"): each for each in answer.json()["consents"]}


async def put(client, account_id, how="by telephone", **purposes):
    body = {"purposes": purposes, "how": how}
    return await client.put(f"/v1/contacts/{account_id}/consents", json=body)


async def test_a_declined_notice_ends_as_such_and_others_go(notifier):
    account_id = await notifier.account(**mail_contact(uuid4().hex))
    async with notifier.http("notifier:read", "notifier:write") as client:
        before = await consents(client, account_id)
        assert {name: each["told"] for name, each in before.items()} == {
            "supply": True,
            "payments": True,
            "news": True,
            "campaigns": False,
        }
        assert (await put(client, account_id, payments=False)).status_code == 200
        await notifier.publish(topped_up(account_id))
        await notifier.until_notices(account_id, ("topped-up", "email", "declined"))
        await notifier.publish(low(account_id))
        made = [("topped-up", "email", "declined"), ("low-balance", "email", "accepted")]
        await notifier.until_notices(account_id, *made)
        assert (await put(client, account_id, payments=True)).status_code == 200
    await notifier.publish(topped_up(account_id))
    await notifier.until_notices(account_id, *made, ("topped-up", "email", "accepted"))


async def test_it_is_kept_when_how_and_by_whom_and_the_same_again_changes_nothing(notifier):
    account_id = await notifier.account(**mail_contact(uuid4().hex))
    async with notifier.http("notifier:read", "notifier:write") as client:
        await put(client, account_id, campaigns=True, news=False)
        first = await consents(client, account_id)
        assert (first["campaigns"]["given"], first["campaigns"]["told"]) == (True, True)
        assert (first["news"]["given"], first["news"]["told"]) == (False, False)
        assert (first["news"]["how"], first["news"]["by"]) == ("by telephone", "test")
        assert first["payments"]["at"] is None
        await put(client, account_id, how="by letter", news=False)
        assert await consents(client, account_id) == first
        await put(client, account_id, how="by letter", news=True)
        assert (await consents(client, account_id))["news"]["how"] == "by letter"
        # A contact that comes back finds what was declined.
        await put(client, account_id, campaigns=False)
        assert (await client.delete(f"/v1/contacts/{account_id}")).status_code == 204
        gone = await client.get(f"/v1/contacts/{account_id}/consents")
        assert gone.status_code == 404
        await client.put(f"/v1/contacts/{account_id}", json=mail_contact(uuid4().hex))
        assert (await consents(client, account_id))["campaigns"]["given"] is False
    connection = await notifier.connect()
    rows = await connection.fetch(
        "SELECT purpose, given FROM consent WHERE account_id = $1 ORDER BY sequence", account_id
    )
    await connection.close()
    assert [tuple(row) for row in rows] == [
        ("campaigns", True),
        ("news", False),
        ("news", True),
        ("campaigns", False),
    ]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"purposes": {"supply": False}, "how": "x"}, 409, "supply"),
        ({"purposes": {"supply": False, "news": False}, "how": "x"}, 409, "nothing was changed"),
        ({"purposes": {}, "how": "x"}, 422, "purposes"),
        ({"purposes": {"gossip": False}, "how": "x"}, 422, "gossip"),
        ({"purposes": {"news": False}}, 422, "how"),
        ({"purposes": {"news": False}, "how": ""}, 422, "how"),
        ({"purposes": {"news": False}, "how": "\0"}, 422, "which no text may"),
        ({"purposes": {"news": False}, "how": "x", "by": "me"}, 422, "by"),
    ],
)
async def test_what_cannot_be_written_down_is_refused(notifier, body, status, says):
    account_id = await notifier.account(**mail_contact(uuid4().hex))
    async with notifier.http("notifier:read", "notifier:write") as client:
        answer = await client.put(f"/v1/contacts/{account_id}/consents", json=body)
        assert (answer.status_code, answer.headers["content-type"]) == (
            status,
            "application/problem+json",
        )
        assert says in answer.text
        assert all(each["at"] is None for each in (await consents(client, account_id)).values())


async def test_consents_are_of_contacts_and_want_their_scopes(notifier):
    path = f"/v1/contacts/{uuid4()}/consents"
    body = {"purposes": {"news": False}, "how": "x"}
    async with notifier.http("notifier:read") as client:
        assert (await client.get(path)).json()["type"] == f"{PROBLEM}unknown-contact"
        assert (await client.put(path, json=body)).status_code == 403
    async with notifier.http("notifier:write") as client:
        assert (await client.put(path, json=body)).json()["type"] == f"{PROBLEM}unknown-contact"
        assert (await client.get(path)).status_code == 403


@pytest.mark.parametrize(
    "row", [("gossip", "x", "y"), ("news", "", "y"), ("news", "x", "")], ids=str
)
async def test_the_database_keeps_no_other_consent(notifier, row):
    connection = await notifier.connect()
    try:
        with pytest.raises(Exception, match="consent_"):
            await connection.execute(
                """
                INSERT INTO consent (account_id, purpose, given, at, how, by)
                VALUES (gen_random_uuid(), $1, false, now(), $2, $3)
                """,
                *row,
            )
    finally:
        await connection.close()
