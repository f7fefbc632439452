"""Texts by API: drafted by one person, published by another, and said in the very next notice."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest
from notifier_events import low, mail_contact

from prewatt_common.clock import utc_now
from prewatt_common.http.auth import issue_token

pytestmark = pytest.mark.stack

PATH = "/v1/templates"
SMS = {"template": "low-balance", "language": "en", "channel": "sms"}
MAIL = {"template": "low-balance", "language": "en", "channel": "email"}
GOOD = "{{ utility }}: ...{{ tail }} has {{ balance }} left"


class People:
    """Asks the notifier in the name of whoever is meant."""

    def __init__(self, notifier) -> None:
        self._notifier = notifier

    async def ask(self, who: str, method: str, path: str = "", *, key: str | None = None, **more):
        token = issue_token(
            private_key_pem=self._notifier.auth_private,
            subject=who,
            scopes=["notifier:read", "notifier:write"],
            now=utc_now(),
            lifetime=timedelta(minutes=5),
        )
        headers = {"authorization": f"Bearer {token}"} | ({"idempotency-key": key} if key else {})
        async with self._notifier.http() as client:
            return await client.request(method, PATH + path, headers=headers, timeout=20, **more)

    async def draft(self, who: str = "li", *, key: str | None = None, **text):
        body = {"reason": "shorter", **text}
        return await self.ask(who, "POST", key=key or str(uuid4()), json=body)

    async def decide(self, who: str, action: str, text_id: str):
        return await self.ask(who, "POST", f"/{text_id}/{action}", json={"reason": "as agreed"})

    async def published(self, **text) -> dict:
        draft = await self.draft(**text)
        assert draft.status_code == 201, draft.text
        answer = await self.decide("wang", "publish", draft.json()["id"])
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
async def people(notifier):
    """What a test publishes is withdrawn at its end: the notifier is shared."""
    yield People(notifier)
    connection = await notifier.connect()
    await connection.execute(
        "UPDATE template_text SET withdrawn_by = 'test', withdraw_reason = 'over', "
        "withdrawn_at = now() WHERE withdrawn_at IS NULL"
    )
    await connection.close()


async def mailed(notifier, smtp_peer, name: str) -> str:
    """The subject of the mail that a new account gets about a low balance."""
    account_id = await notifier.account(**mail_contact(name))
    await notifier.publish(low(account_id))
    await notifier.until_notices(account_id, ("low-balance", "email", "accepted"))
    (mail,) = smtp_peer.to(f"{name}@home.example")
    (notice,) = await notifier.notices(account_id)
    return f"{notice['text_version']} {mail['Subject']}"


async def test_the_very_next_notice_says_what_was_published(notifier, people, smtp_peer):
    before = await mailed(notifier, smtp_peer, "before-text")
    assert before == "0 Your electricity balance is low: ¥12.35"
    first = await people.published(**MAIL, subject="Only {{ balance }}", body=GOOD)
    one = f"{first['number']} Only ¥12.35"
    assert await mailed(notifier, smtp_peer, "first-text") == one
    later = (utc_now() + timedelta(hours=1)).isoformat()
    await people.published(**MAIL, subject="Later", body=GOOD, effective_from=later)
    assert await mailed(notifier, smtp_peer, "not-yet-text") == one
    second = await people.published(**MAIL, subject="Just {{ balance }}", body=GOOD)
    assert second["number"] == first["number"] + 2
    assert await mailed(notifier, smtp_peer, "second-text") == f"{second['number']} Just ¥12.35"
    withdrawn = await people.decide("li", "withdraw", second["id"])
    assert withdrawn.json()["state"] == "withdrawn"
    assert await mailed(notifier, smtp_peer, "again-text") == one
    await people.decide("li", "withdraw", first["id"])
    assert await mailed(notifier, smtp_peer, "shipped-text") == before


async def test_a_text_of_sms_leaves_mail_as_it_is(notifier, people, smtp_peer, kannel):
    text = await people.published(**SMS, body=GOOD)
    assert (await mailed(notifier, smtp_peer, "only-mail")).startswith("0 ")
    account_id = await notifier.account(language="en", phone="+8613800000178", channels=["sms"])
    await notifier.publish(low(account_id))
    await notifier.until_notices(account_id, ("low-balance", "sms", "delivered"))
    number = f"1{account_id.int % 10**9:09d}"

    def said() -> bool:
        return kannel.received("+8613800000178") == [f"Prewatt: ...{number[-4:]} has ¥12.35 left"]

    await notifier.until(said, what="the published text")
    (notice,) = await notifier.notices(account_id)
    assert notice["text_version"] == text["number"]
    answer = await people.ask("li", "GET", "/in-force", params=SMS)
    assert (answer.json()["number"], answer.json()["body"]) == (text["number"], GOOD)


async def test_a_notice_that_is_tried_again_says_the_same(notifier, people, smtp_peer):
    """Unless what it said was withdrawn."""
    first = await people.published(**MAIL, subject="First", body=GOOD)
    name = "same-again"
    address = f"{name}@home.example"
    smtp_peer.answers[address] = "451 greylisted, come back later"
    account_id = await notifier.account(**mail_contact(name))
    await notifier.publish(low(account_id))

    async def tried() -> bool:
        found = await notifier.notices(account_id)
        return bool(found) and found[0]["attempts"] >= 1 and found[0]["status"] == "queued"

    await notifier.until(tried, what="an attempt")
    second = await people.published(**MAIL, subject="Second", body=GOOD)
    assert (await notifier.notices(account_id))[0]["text_version"] == first["number"]
    await people.decide("wang", "withdraw", first["id"])

    async def tried_anew() -> bool:
        return (await notifier.notices(account_id))[0]["text_version"] == second["number"]

    await notifier.until(tried_anew, what="the version that holds")
    await people.published(**MAIL, subject="Third", body=GOOD)
    del smtp_peer.answers[address]
    await notifier.until_notices(account_id, ("low-balance", "email", "accepted"))
    assert [mail["Subject"] for mail in smtp_peer.to(address)] == ["Second"]


async def test_two_people_publish_and_one_alone_does_not(people):
    draft = (await people.draft(**SMS, body=GOOD)).json()
    alone = await people.decide("li", "publish", draft["id"])
    assert (alone.status_code, alone.json()["type"]) == (
        403,
        "urn:prewatt:problem:needs-second-person",
    )
    published = await people.decide("wang", "publish", draft["id"])
    assert published.json()["published"]["by"] == "wang"
    again = await people.decide("zhao", "publish", draft["id"])
    assert again.json() == published.json()
    other = (await people.draft(**SMS, body=GOOD)).json()
    assert (await people.decide("li", "withdraw", other["id"])).json()["number"] is None
    late = await people.decide("wang", "publish", other["id"])
    assert (late.status_code, "was withdrawn" in late.json()["detail"]) == (409, True)
    assert (await people.decide("wang", "publish", str(uuid4()))).status_code == 404


async def test_under_one_key_it_is_drafted_once(people):
    key = str(uuid4())
    first = await people.draft(**SMS, body=GOOD, key=key)
    again = await people.draft(**SMS, body=GOOD, key=key)
    assert (again.status_code, again.json()) == (201, first.json())
    other = await people.draft(**SMS, body=f"{GOOD}!", key=key)
    assert (other.status_code, first.json()["id"] in other.json()["detail"]) == (409, True)
    somebody = await people.draft("zhao", **SMS, body=f"{GOOD}!", key=key)
    assert somebody.status_code == 201
    assert (await people.ask("li", "POST", json={**SMS, "body": GOOD, "reason": "x"})).is_error


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ({**SMS, "body": "{{ ''.__class__ }}"}, "body, line 1: no attribute"),
        ({**SMS, "body": "{{ tail }}"}, "it must say {{ balance }}"),
        ({**SMS, "body": GOOD, "subject": "x"}, "a mail has one, and nothing else has"),
        ({**SMS, "body": GOOD, "effective_from": "2001-01-01T00:00:00Z"}, "which is past"),
        ({**SMS, "body": "x" * 9000}, "body/body"),
        ({**SMS, "body": GOOD, "language": "xx"}, "language"),
    ],
)
async def test_what_would_not_do_is_refused_with_its_place(people, text, says):
    answer = await people.draft(**text)
    assert answer.status_code in (409, 422)
    assert says in answer.json()["detail"]


async def test_a_preview_is_of_samples_and_of_a_real_notice(notifier, people):
    checked = (await people.ask("li", "POST", "/check", json={**SMS, "body": GOOD})).json()
    assert checked["findings"] == []
    assert checked["samples"][0]["body"] == "Prewatt: ...6789 has -¥12.34 left"
    assert checked["samples"][0]["segments"] == 1
    wrong = await people.ask("li", "POST", "/check", json={**SMS, "body": "{{ x }}"})
    assert wrong.json()["findings"][0]["line"] == 1
    draft = (await people.draft(**SMS, body=GOOD)).json()
    samples = await people.ask("li", "GET", f"/{draft['id']}/preview")
    assert samples.json() == checked
    account_id = await notifier.account()
    await notifier.publish(low(account_id))
    (notice,) = await notifier.until_notices(account_id, ("low-balance", "log", "delivered"))
    of = {"notice_id": notice["id"]}
    real = await people.ask("li", "GET", f"/{draft['id']}/preview", params=of)
    number = f"1{account_id.int % 10**9:09d}"
    assert real.json()["samples"][0]["body"] == f"Prewatt: ...{number[-4:]} has ¥12.35 left"
    off = (await people.draft(**SMS | {"template": "supply-off"}, body="{{ tail }}")).json()
    other = await people.ask("li", "GET", f"/{off['id']}/preview", params=of)
    assert (other.status_code, "is of low-balance" in other.json()["detail"]) == (409, True)
    nothing = {"notice_id": str(uuid4())}
    missing = await people.ask("li", "GET", f"/{draft['id']}/preview", params=nothing)
    assert missing.status_code == 404


async def test_a_test_is_marked_is_sent_once_and_is_no_notice(notifier, people, smtp_peer):
    connection = await notifier.connect()
    await connection.execute("DELETE FROM template_test")
    notices = await connection.fetchval("SELECT count(*) FROM notice")
    draft = (await people.draft(**MAIL, subject="Only {{ balance }}", body=GOOD)).json()
    path, key, to = f"/{draft['id']}/test", str(uuid4()), {"to": "me@utility.example"}
    sent = await people.ask("li", "POST", path, key=key, json=to)
    assert sent.status_code == 200, sent.text
    assert (sent.json()["to"], sent.json()["outcome"]) == ("me@...le", "sent")
    assert (await people.ask("li", "POST", path, key=key, json=to)).json() == sent.json()
    (mail,) = smtp_peer.to("me@utility.example")
    assert mail["Subject"] == "[TEST] Only -¥12.34"
    assert mail.get_content().startswith("[TEST] Prewatt: ...6789")
    other = await people.ask("li", "POST", path, key=key, json={"to": "you@utility.example"})
    assert other.status_code == 409 or other.json() == sent.json()
    for wrong in ("+8613800000000", "nobody", "a@b\r\nBcc: c@d.example"):
        refused = await people.ask("li", "POST", path, key=str(uuid4()), json={"to": wrong})
        assert (refused.status_code, "no address like" in refused.text) == (422, True)
    smtp_peer.answers["gone@utility.example"] = "550 no such user here"
    key, gone = str(uuid4()), {"to": "gone@utility.example"}
    for _ in range(2):
        refused = await people.ask("li", "POST", path, key=key, json=gone)
        assert (refused.status_code, "550 no such user" in refused.text) == (502, True)
    # Died between the keeping and the answer: it is not sent again by itself.
    await connection.execute("UPDATE template_test SET outcome = '' WHERE asked_as = $1", key)
    unknown = await people.ask("li", "POST", path, key=key, json=gone)
    assert (unknown.status_code, "nobody knows whether it went" in unknown.text) == (502, True)
    assert await connection.fetchval("SELECT count(*) FROM notice") == notices
    await connection.execute(
        "INSERT INTO template_test SELECT gen_random_uuid(), $1, g::text, '', 'x', now(), 'sent' "
        "FROM generate_series(1, 20) AS g", draft["id"],
    )  # fmt: skip
    many = await people.ask("li", "POST", path, key=str(uuid4()), json=to)
    assert many.status_code == 429
    await connection.execute("DELETE FROM template_test")
    await connection.close()


async def test_a_published_text_that_cannot_be_said_gives_way_to_the_shipped_one(
    notifier, people, smtp_peer
):
    """Such as after an event has lost a fact. The household is told all the same, and `prewatt
    templates check` tells of it."""
    assert (await people.ask("li", "GET", "/holes")).json() == {"holes": []}
    text = await people.published(**MAIL, subject="Only {{ balance }}", body=GOOD)
    connection = await notifier.connect()
    await connection.execute(
        "UPDATE template_text SET body = '{{ colour }}' WHERE id = $1", text["id"]
    )
    await connection.close()
    (hole,) = (await people.ask("li", "GET", "/holes")).json()["holes"]
    assert (hole["template"], hole["language"], hole["channel"]) == ("low-balance", "en", "email")
    assert "would not be taken today: body, line 1: low-balance has no colour" in hole["says"]
    said = await mailed(notifier, smtp_peer, "unsayable")
    assert said == "0 Your electricity balance is low: ¥12.35"
    async with notifier.http() as client:
        metrics = (await client.get("/metrics")).text
    assert 'text_fallbacks_total{language="en",template="low-balance",why="unsayable"} 1' in metrics


async def test_killed_while_it_publishes_it_is_published_or_not(notifier, people, smtp_peer):
    """The notifier dies with the text's row written and not committed."""
    draft = (await people.draft(**MAIL, subject="Killed", body=GOOD)).json()
    connection = await notifier.connect()
    holding = connection.transaction()
    await holding.start()
    # Whoever publishes waits for this lock before its commit, with nothing committed.
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('low-balance/en/email/None', 1413829700))"
    )
    asked = asyncio.create_task(people.decide("wang", "publish", draft["id"]))
    waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"

    async def is_waiting() -> bool:
        return await connection.fetchval(waits) > 0

    await notifier.until(is_waiting, what="publishing has begun")
    notifier.kill()
    await notifier.ended()
    await holding.rollback()
    with pytest.raises(Exception):  # noqa: B017 - whatever a dead server looks like
        await asked
    await notifier.start()
    state = await connection.fetchrow("SELECT * FROM template_text WHERE id = $1", draft["id"])
    assert (state["number"], state["published_at"]) == (None, None)
    await connection.close()
    assert (await mailed(notifier, smtp_peer, "after-kill")).startswith("0 ")
    published = await people.decide("wang", "publish", draft["id"])
    number = published.json()["number"]
    assert await mailed(notifier, smtp_peer, "published-anew") == f"{number} Killed"


GIVEN = {
    "id": "gen_random_uuid()", "template": "'low-balance'", "language": "'en'",
    "channel": "'sms'", "subject": "NULL", "body": "'x'", "effective_from": "NULL",
    "asked_as": "gen_random_uuid()::text", "drafted_by": "'li'", "draft_reason": "'r'",
    "drafted_at": "now()",
}  # fmt: skip
PUBLISHED = {
    "number": "999999", "published_by": "'wang'", "publish_reason": "'r'",
    "published_at": "now()", "effective_from": "now()",
}  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": "'a mail has one'"},
        {"channel": "'email'"},
        {"number": "1"},
        PUBLISHED | {"published_by": "'li'"},
        PUBLISHED | {"number": "0"},
        PUBLISHED | {"effective_from": "now() - interval '1 second'"},
        {"withdrawn_by": "'li'"},
    ],
)
async def test_the_table_holds_to_it_too(notifier, wrong):
    row = GIVEN | wrong
    statement = f"INSERT INTO template_text ({', '.join(row)}) VALUES ({', '.join(row.values())})"
    connection = await notifier.connect()
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute(statement)
    await connection.close()
