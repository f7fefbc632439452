"""Other systems are told what happens to accounts, on real parts."""

import asyncio
import json
from uuid import uuid4

import asyncpg
import pytest
from hook_receiver import Receiver
from notifier_events import low, off, topped_up

pytestmark = pytest.mark.stack

TOPPED_UP = "prewatt.ledger.topped-up.v1"
SUPPLY = "prewatt.ledger.supply-changed.v1"
PING = "prewatt.notifier.ping.v1"


async def ask(notifier, path: str = "", *, key: str | None = None, **body):
    async with notifier.http("notifier:write") as client:
        return await client.post(
            f"/v1/webhooks{path}",
            json={"reason": "for the call centre"} | body,
            headers={"idempotency-key": key or str(uuid4())},
        )


async def read(notifier, path: str = ""):
    async with notifier.http("notifier:read") as client:
        return (await client.get(f"/v1/webhooks{path}")).json()


@pytest.fixture
async def hook(notifier, receiver):
    """A webhook to the receiver, which ends with the test."""
    answer = await ask(notifier, url=receiver.url, events=[TOPPED_UP])
    assert answer.status_code == 201, answer.text
    made = answer.json()
    receiver.secrets.append(made["secret"])
    yield made["webhook"]["id"]
    assert (await ask(notifier, f"/{made['webhook']['id']}/end")).status_code in (200, 409)


async def told(notifier, hook, *expected) -> list[dict]:
    """Waits until its messages stand so: (kind, status) of each, oldest first."""
    found: list[dict] = []

    async def as_expected() -> bool:
        found[:] = (await read(notifier, f"/{hook}/messages"))["items"][::-1]
        return [(each["kind"], each["status"]) for each in found] == list(expected)

    try:
        await notifier.until(as_expected, what="")
    except pytest.fail.Exception:
        pytest.fail(f"expected {expected}, there are {found}")
    return found


async def test_what_is_wanted_is_told_signed_and_once(notifier, receiver, hook):
    account_id = await notifier.account()
    event = topped_up(account_id)
    message = await notifier.publish(event)
    await notifier.publish(low(account_id))
    await notifier.producer.send([message])
    (kept,) = await told(notifier, hook, (TOPPED_UP, "delivered"))
    (taken,) = receiver.taken
    headers = dict(message.headers)
    assert taken["id"] == kept["event_id"] == headers["ce_id"].decode()
    assert taken["signed"] == receiver.secrets
    assert taken["said"]["type"] == TOPPED_UP
    assert taken["said"]["data"] == json.loads(message.value)
    assert (kept["attempts"], kept["answer"]) == (1, "204")
    # Of a customer without an address too, and no notice of it went there.
    notices = await notifier.notices(account_id)
    assert {each["channel"] for each in notices} == {"log"}


async def test_what_it_does_not_take_is_tried_again_with_the_same_id(notifier, receiver, hook):
    receiver.answers = [500, 302, 400]
    await notifier.publish(topped_up(await notifier.account()))
    (kept,) = await told(notifier, hook, (TOPPED_UP, "delivered"))
    assert [each["status"] for each in receiver.taken] == [500, 302, 400, 204]
    assert len({(each["id"], each["body"]) for each in receiver.taken}) == 1
    assert all(each["signed"] for each in receiver.taken)
    assert kept["attempts"] == 4


async def test_another_secret_while_the_old_one_holds(notifier, receiver, hook):
    key = str(uuid4())
    answer = await ask(notifier, f"/{hook}/secret", key=key, overlap_h=1)
    new = answer.json()["secret"]
    assert (answer.status_code, new == receiver.secrets[0]) == (201, False)
    again = await ask(notifier, f"/{hook}/secret", key=key, overlap_h=1)
    assert (again.status_code, again.json()["secret"]) == (201, None)
    receiver.secrets.append(new)
    await ask(notifier, f"/{hook}/ping")
    await told(notifier, hook, (PING, "delivered"))
    assert receiver.taken[-1]["signed"] == receiver.secrets
    # Both were lost to others: none of them signs any more.
    third = (await ask(notifier, f"/{hook}/secret", overlap_h=0)).json()["secret"]
    await ask(notifier, f"/{hook}/ping")
    await told(notifier, hook, (PING, "delivered"), (PING, "delivered"))
    assert (receiver.taken[-1]["signed"], len(receiver.taken[-1]["signatures"])) == ([], 1)
    receiver.secrets[:] = [third]
    await ask(notifier, f"/{hook}/ping")
    await told(notifier, hook, *[(PING, "delivered")] * 3)
    assert receiver.taken[-1]["signed"] == [third]
    changes = (await read(notifier, f"/{hook}/changes"))["items"]
    assert [each["what"] for each in changes] == [
        "pinged", "pinged", "secret", "pinged", "secret", "made",
    ]  # fmt: skip
    assert {(each["by"], each["reason"]) for each in changes} == {("test", "for the call centre")}


async def test_no_secret_is_told_again_or_kept(notifier, receiver, hook):
    connection = await notifier.connect()
    kept = str(await connection.fetch("SELECT * FROM webhook, webhook_change, webhook_secret"))
    await connection.close()
    bare = receiver.secrets[0].removeprefix("whsec_")
    shown = json.dumps([await read(notifier), await read(notifier, f"/{hook}")])
    assert hook in shown
    for place in (kept, shown, notifier.log.read_text()):
        assert bare not in place


async def test_while_paused_messages_wait_and_then_they_go(notifier, receiver, hook):
    assert (await ask(notifier, f"/{hook}/pause")).json()["status"] == "paused"
    await notifier.publish(topped_up(await notifier.account()))
    await told(notifier, hook, (TOPPED_UP, "queued"))
    assert (await ask(notifier, f"/{hook}/ping")).status_code == 409
    assert (await ask(notifier, f"/{hook}/pause")).status_code == 409
    await asyncio.sleep(1.5)
    assert not receiver.taken
    assert (await ask(notifier, f"/{hook}/resume")).json()["status"] == "active"
    await told(notifier, hook, (TOPPED_UP, "delivered"))


async def test_gone_switches_it_off_until_a_person_resumes_it(notifier, receiver, hook):
    receiver.answers = [410]
    await notifier.publish(topped_up(await notifier.account()))
    await told(notifier, hook, (TOPPED_UP, "dropped"))
    stands = await read(notifier, f"/{hook}")
    assert (stands["status"], stands["reason"]) == ("off", "410 answer 410")
    await notifier.publish(topped_up(await notifier.account()))
    refused = await ask(notifier, f"/{hook}/ping")
    assert (refused.status_code, "is off since" in refused.json()["detail"]) == (409, True)
    assert (await ask(notifier, f"/{hook}/resume")).json()["status"] == "active"
    await ask(notifier, f"/{hook}/ping")
    await told(notifier, hook, (TOPPED_UP, "dropped"), (PING, "delivered"))
    assert len(receiver.taken) == 2


async def test_one_that_hangs_delays_no_other_and_loses_nothing(notifier, receiver, hook):
    slow = Receiver(delay_s=30)
    await slow.start()
    other = (await ask(notifier, url=slow.url, events=[TOPPED_UP])).json()["webhook"]["id"]
    accounts = [await notifier.account() for _ in range(12)]
    for account_id in accounts:
        await notifier.publish(topped_up(account_id))
    await told(notifier, hook, *[(TOPPED_UP, "delivered")] * 12)

    async def is_down() -> bool:
        async with notifier.http() as client:
            metrics = (await client.get("/metrics")).text
        return f'prewatt_notifier_webhook_down{{webhook="{other}"}} 1.0' in metrics

    await notifier.until(is_down, what="its breaker is open")
    slow.delay_s = 0
    await told(notifier, other, *[(TOPPED_UP, "delivered")] * 12)
    assert {each["id"] for each in slow.taken} == {each["id"] for each in receiver.taken}
    await slow.stop()
    await ask(notifier, f"/{other}/ping")

    async def is_down_again() -> bool:
        for _ in range(5):
            await notifier.publish(topped_up(accounts[0]))
        return await is_down()

    await notifier.until(is_down_again, what="nobody is there")
    await ask(notifier, f"/{other}/end")

    async def is_forgotten() -> bool:
        return not await is_down()

    await notifier.until(is_forgotten, what="one that ended is not down")


async def test_killed_after_the_answer_it_tells_the_same_again(notifier, receiver, hook):
    receiver.on_taken = notifier.kill
    await notifier.publish(topped_up(await notifier.account()))
    await notifier.ended()
    receiver.on_taken = None
    await notifier.start()
    (kept,) = await told(notifier, hook, (TOPPED_UP, "delivered"))
    first, second = receiver.taken
    assert (first["id"], first["body"]) == (second["id"], second["body"])
    assert kept["attempts"] == 2


async def test_killed_before_its_commit_no_event_is_left_out(notifier, receiver, hook):
    connection = await notifier.connect()
    holding = connection.transaction()
    await holding.start()
    await connection.execute("LOCK TABLE webhook_message IN SHARE MODE")
    account_id = await notifier.account()
    await notifier.publish(topped_up(account_id))
    waits = (
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'webhook_message'::regclass"
    )

    async def is_waiting() -> bool:
        return await connection.fetchval(waits) > 0

    await notifier.until(is_waiting, what="it writes messages down")
    notifier.kill()
    await notifier.ended()
    await holding.rollback()
    await connection.close()
    await notifier.start()
    await told(notifier, hook, (TOPPED_UP, "delivered"))
    assert len(receiver.taken) == 1
    assert len(await notifier.notices(account_id)) == 1


async def test_what_nobody_takes_in_time_is_given_up_and_forgotten_later(notifier, receiver, hook):
    receiver.answers = [500] * 1000
    await notifier.publish(topped_up(await notifier.account()))
    connection = await notifier.connect()

    async def was_tried() -> bool:
        (each,) = (await read(notifier, f"/{hook}/messages"))["items"] or [{"attempts": 0}]
        return each["attempts"] > 0

    await notifier.until(was_tried, what="an attempt")
    await connection.execute("UPDATE webhook_message SET expires_at = now() WHERE webhook_id = $1",
                             hook)  # fmt: skip
    (kept,) = await told(notifier, hook, (TOPPED_UP, "expired"))
    assert kept["answer"] == "500 answer 500"
    await connection.execute(
        "UPDATE webhook_message SET finished_at = now() - interval '8 days' WHERE webhook_id = $1",
        hook,
    )
    await told(notifier, hook)
    await connection.close()


async def test_under_one_key_it_is_made_once(notifier, receiver):
    key = str(uuid4())
    wanted = {"url": receiver.url, "events": [TOPPED_UP, SUPPLY]}
    answers = await asyncio.gather(*(ask(notifier, key=key, **wanted) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {201}
    (hook,) = {answer.json()["webhook"]["id"] for answer in answers}
    assert sum(answer.json()["secret"] is not None for answer in answers) == 1
    other = await ask(notifier, key=key, **wanted | {"events": [SUPPLY]})
    assert other.json()["type"] == "urn:prewatt:problem:idempotency-key-used"
    elsewhere = await ask(notifier, f"/{hook}/pause", key=key)
    assert elsewhere.status_code == 409
    await notifier.publish(off(await notifier.account()))
    await told(notifier, hook, (SUPPLY, "delivered"))
    assert (await ask(notifier, f"/{hook}/end")).json()["status"] == "ended"
    assert (await ask(notifier, f"/{hook}/resume")).status_code == 409


@pytest.mark.parametrize(
    ("wanted", "status", "says"),
    [
        ({"url": "https://10.0.0.1/"}, 422, "url-refused"),
        ({"url": "https://user:x@crm.example.org/"}, 422, "url-refused"),
        ({"events": []}, 422, "events"),
        ({"events": ["prewatt.ledger.unknown.v1"]}, 422, "events"),
        ({"colour": "red"}, 422, "colour"),
    ],
)
async def test_what_cannot_be_asked_is_refused(notifier, wanted, status, says):
    body = {"url": "https://crm.example.org/", "events": [TOPPED_UP]} | wanted
    answer = await ask(notifier, **body)
    assert (answer.status_code, says in answer.text) == (status, True)


async def test_an_unknown_one(notifier):
    for path in ("secret", "ping", "pause", "resume", "end"):
        answer = await ask(notifier, f"/{uuid4()}/{path}")
        assert answer.json()["type"] == "urn:prewatt:problem:unknown-webhook"
    for path in ("", "/changes", "/messages"):
        assert (await read(notifier, f"/{uuid4()}{path}"))["status"] == 404


@pytest.mark.parametrize(
    "wrong",
    [
        "UPDATE webhook SET status = 'asleep'",
        "UPDATE webhook SET url = 'ftp://x'",
        "UPDATE webhook SET events = '{}'",
        "UPDATE webhook_change SET what = 'liked'",
        "UPDATE webhook_secret SET number = 0",
        "UPDATE webhook_message SET status = 'lost'",
        "UPDATE webhook_message SET next_attempt_at = NULL",
        "UPDATE webhook_message SET finished_at = now()",
    ],
)
async def test_the_tables_hold_to_it_too(notifier, hook, wrong):
    await ask(notifier, f"/{hook}/pause")
    await notifier.publish(topped_up(await notifier.account()))
    await told(notifier, hook, (TOPPED_UP, "queued"))
    connection = await notifier.connect()
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute(wrong)
    await connection.close()
