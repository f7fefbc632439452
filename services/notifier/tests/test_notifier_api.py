"""The notifier's HTTP API."""

from uuid import uuid4

import pytest

from prewatt_common.clock import utc_now
from prewatt_common.contracts.ledger_events_v1 import LowBalance

pytestmark = pytest.mark.stack

CONTACT = {
    "language": "en",
    "email": "li@home.example",
    "phone": "+8613800000009",
    "channels": ["sms", "email"],
    "timezone": "Asia/Urumqi",
    "wechat_openid": "oReader-7",
    "chat": "telegram:123456789",
    "reads": True,
}
HEADER = "account_id,language,email,phone,channels\n"


async def test_a_contact_is_put_read_replaced_and_deleted(notifier):
    account_id = uuid4()
    path = f"/v1/contacts/{account_id}"
    async with notifier.http("notifier:read", "notifier:write") as client:
        assert (await client.get(path)).status_code == 404
        assert (await client.put(path, json=CONTACT)).status_code == 200
        assert (await client.get(path)).json() == CONTACT | {"account_id": str(account_id)}
        only_mail = CONTACT | {"phone": None, "channels": ["email"]}
        assert (await client.put(path, json=only_mail)).status_code == 200
        assert (await client.get(path)).json()["channels"] == ["email"]
        assert (await client.delete(path)).status_code == 204
        gone = await client.get(path)
        assert gone.status_code == 404
        assert gone.json()["type"] == "urn:prewatt:problem:unknown-contact"
        assert (await client.delete(path)).status_code == 404


async def test_who_does_not_read_stays_so_until_somebody_says_otherwise(notifier):
    account_id = uuid4()
    path = f"/v1/contacts/{account_id}"
    silent = {key: value for key, value in CONTACT.items() if key != "reads"}
    line = f"{account_id},en,new@home.example,+8613800000009,sms\n"
    async with notifier.http("notifier:read", "notifier:write") as client:

        async def reads() -> bool:
            return (await client.get(path)).json()["reads"]

        assert (await client.put(path, json=silent)).json()["reads"] is True
        assert (await client.put(path, json=CONTACT | {"reads": False})).json()["reads"] is False
        assert (await client.put(path, json=silent)).json()["reads"] is False
        csv = {"content-type": "text/csv"}
        done = await client.post("/v1/contacts/import", content=HEADER + line, headers=csv)
        assert (done.status_code, await reads()) == (200, False), done.text
        # What else is left out is taken away.
        assert (await client.get(path)).json()["timezone"] is None
        # Nor can their phone be: they could not be called.
        no_phone = silent | {"phone": None, "channels": ["email"]}
        refused = await client.put(path, json=no_phone)
        assert refused.status_code == 422
        assert refused.json()["type"] == "urn:prewatt:problem:unusable-contact"
        line = f"{account_id},en,new@home.example,,email\n"
        refused = await client.post("/v1/contacts/import", content=HEADER + line, headers=csv)
        assert refused.status_code == 422
        assert refused.json()["problems"] == [
            "line 2: who does not read is called: a phone number is needed"
        ]
        assert await reads() is False
        given = f"{account_id},en,new@home.example,,email,true\n"
        done = await client.post(
            "/v1/contacts/import",
            content=HEADER.rstrip() + ",reads\n" + given,
            headers=csv,
        )
        assert (done.status_code, await reads()) == (200, True), done.text


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"email": None}, "needs an email address"),
        ({"phone": None}, "needs a phone number"),
        ({"email": "li@home.example\r\nBcc: all@home.example"}, "email"),
        ({"email": "not an address"}, "email"),
        ({"phone": "138 0000"}, "phone"),
        ({"channels": ["sms", "sms"]}, "named twice"),
        ({"channels": ["pigeon"]}, "channels"),
        ({"language": "xx"}, "language"),
        ({"timezone": "Mars/Olympus"}, "no time zone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"fax": "1"}, "fax"),
    ],
)
async def test_a_contact_that_cannot_be_used_is_refused(notifier, change, says):
    async with notifier.http("notifier:write") as client:
        answer = await client.put(f"/v1/contacts/{uuid4()}", json=CONTACT | change)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.text


async def test_every_route_wants_its_scope(notifier):
    path = f"/v1/contacts/{uuid4()}"
    calls = [
        ("PUT", path, "notifier:read"),
        ("DELETE", path, "notifier:read"),
        ("POST", "/v1/contacts/import", "notifier:read"),
        ("GET", path, "notifier:write"),
        ("GET", f"/v1/notices?account_id={uuid4()}", "notifier:write"),
    ]
    for method, url, wrong in calls:
        async with notifier.http(wrong) as client:
            assert (await client.request(method, url)).status_code == 403, (method, url)
            del client.headers["Authorization"]
            assert (await client.request(method, url)).status_code == 401, (method, url)


async def test_contacts_come_as_csv(notifier):
    first, second = uuid4(), uuid4()
    body = (
        HEADER
        + f"{first},zh-CN,wang@home.example,+8613800000008,sms;email\n"
        + f"{second},en,,,log\n"
    )
    async with notifier.http("notifier:read", "notifier:write") as client:
        answer = await client.post(
            "/v1/contacts/import", content=body.encode(), headers={"Content-Type": "text/csv"}
        )
        assert (answer.status_code, answer.json()) == (200, {"imported": 2})
        kept = (await client.get(f"/v1/contacts/{first}")).json()
        assert kept["channels"] == ["sms", "email"]
        assert (await client.get(f"/v1/contacts/{second}")).json()["channels"] == ["log"]


async def test_a_csv_with_errors_names_each_line_and_imports_nothing(notifier):
    good = uuid4()
    body = (
        HEADER
        + f"{good},en,a@home.example,,email\n"
        + "not-an-id,en,,,log\n"
        + f"{uuid4()},en,,,sms\n"
        + f"{uuid4()},en,too,few\n"
        + f"{good},en,,,log\n"
    )
    async with notifier.http("notifier:read", "notifier:write") as client:
        csv = {"Content-Type": "text/csv; charset=utf-8"}
        answer = await client.post("/v1/contacts/import", content=body.encode(), headers=csv)
        assert answer.status_code == 422
        problems = answer.json()["problems"]
        assert [problem.split(":")[0] for problem in problems] == [
            "line 3", "line 4", "line 5", "line 6",
        ]  # fmt: skip
        assert (await client.get(f"/v1/contacts/{good}")).status_code == 404
        url = "/v1/contacts/import"
        assert (await client.post(url, content=b"\xff", headers=csv)).status_code == 422
        assert (await client.post(url, content=HEADER.encode(), headers=csv)).status_code == 422
        assert (await client.post(url, json={})).status_code == 415


async def test_notices_are_read_page_by_page(notifier):
    account_id = await notifier.account(language="en", channels=[])
    for balance_micro in range(5):
        await notifier.publish(
            LowBalance(
                account_id=account_id,
                balance_micro=balance_micro,
                balance_number=balance_micro,
                threshold_micro=20,
                currency="CNY",
                at=utc_now(),
            )
        )
    # The customer wants none: what would have been said is kept, and not said.
    made = await notifier.until_notices(account_id, *[("low-balance", "log", "suppressed")] * 5)
    assert await notifier.told(account_id) == []
    pages, cursor = [], {}
    async with notifier.http("notifier:read") as client:
        while True:
            query = {"account_id": str(account_id), "limit": 2} | cursor
            page = (await client.get("/v1/notices", params=query)).json()
            pages.append([notice["id"] for notice in page["items"]])
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        bad = await client.get("/v1/notices", params={"account_id": str(account_id), "cursor": "x"})
        unknown = await client.get("/v1/notices", params={"account_id": str(uuid4())})
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [*pages[0], *pages[1], *pages[2]] == [notice["id"] for notice in reversed(made)]
    assert bad.status_code == 422
    assert unknown.status_code == 404
    assert unknown.json()["type"] == "urn:prewatt:problem:unknown-account"
