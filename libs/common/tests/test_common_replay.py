"""Dead letters are read, shown and handled again, once and for their own group only."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from prewatt_common.clock import utc_now
from prewatt_common.http.app import create_app
from prewatt_common.http.auth import issue_token
from prewatt_common.http.dead_letters import dead_letters_router
from prewatt_common.kafka.letters import Letters
from prewatt_common.kafka.producer import BATCH_BYTES_MAX
from prewatt_common.kafka.replay import Replay
from prewatt_common.refusals import Refusal

pytestmark = pytest.mark.stack

KEY = Ed25519PrivateKey.generate()


class Odd(Refusal):
    """Refused until the release that knows better."""

    kind = "odd"


async def refuse_odd(number):
    if number % 2:
        message = f"{number} is odd"
        raise Odd(message)


@pytest.fixture
async def client(loop):
    """Of an app with the dead letters of the loop's group."""
    letters = Letters(
        bootstrap=loop.stack.endpoints.kafka_bootstrap, topics=[loop.topic], groups=[loop.group]
    )
    replay = Replay(
        database=loop.database,
        letters=letters,
        subscriptions=[loop.subscription()],
        committed=loop.relay.wake,
        clock=utc_now,
    )
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    private = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    app = create_app(
        name="test",
        summary="test",
        auth_public_key=public.decode(),
        routers=[dead_letters_router(scope="test", letters=letters, replay=replay)],
        checks={},
        consuming={},
    )
    token = issue_token(
        private_key_pem=private.decode(),
        subject="ann",
        scopes=["test:read", "test:write"],
        now=utc_now(),
        lifetime=timedelta(hours=1),
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://test",
        headers={"authorization": f"Bearer {token}"},
        timeout=60,
    ) as client:
        yield client


async def letters_in(loop, client, count):
    """Once there are so many."""
    async with asyncio.timeout(60):
        while True:
            page = (await client.get("/v1/dead-letters")).json()
            if len(page["items"]) >= count:
                assert page["next"] is None
                return page["items"]
            await asyncio.sleep(0.2)


async def replay(client, letter, reason="mended"):
    return await client.post(f"/v1/dead-letters/{letter['id']}/replay", json={"reason": reason})


async def test_a_dead_letter_is_handled_again_once_it_can_be(loop, client):
    loop.before_effect = refuse_odd
    await loop.send(*range(4))
    async with loop.running(loop.consumer(), loop.relay):
        await loop.until_effects([0, 2])
        one, three = sorted(await letters_in(loop, client, 2), key=lambda each: each["key"])
        assert (one["key"], one["reason"], one["detail"]) == ("1", "odd", "1 is odd")
        assert (one["group"], one["open"]) == (loop.group, True)

        answer = await replay(client, one, "before it is mended")
        (tried,) = answer.json()["replays"]
        assert (tried["outcome"], tried["detail"], tried["who"]) == ("odd", "1 is odd", "ann")
        assert answer.json()["open"]
        assert await loop.effects() == [0, 2]

        loop.before_effect = None
        answers = await asyncio.gather(*(replay(client, one) for _ in range(5)))
        assert sorted(each.status_code for each in answers) == [200, 409, 409, 409, 409]
        assert await loop.effects() == [0, 1, 2]
        whole = (await client.get(f"/v1/dead-letters/{one['id']}")).json()
        assert [each["outcome"] for each in whole["replays"]] == ["odd", "handled"]
        assert [each["reason"] for each in whole["replays"]] == ["before it is mended", "mended"]
        assert (whole["open"], whole["value"]) == (False, '{"number":1}')
        assert dict(whole["headers"])["ce_type"] == "test.counted.v1"

        # Nothing was published: only the two letters are there, and four records on the topic.
        ends = await loop.ends(loop.topic.name)
        assert sum(ends.values()) == 4
        assert {each["id"]: each["open"] for each in await letters_in(loop, client, 2)} == {
            one["id"]: False,
            three["id"]: True,
        }


async def test_a_defect_in_a_replay_is_kept_and_leaves_nothing(loop, client):
    await loop.send_raw(b"{}")
    async with loop.running(loop.consumer(), loop.relay):
        (letter,) = await letters_in(loop, client, 1)
    assert letter["reason"] == "undecodable"
    (tried,) = (await replay(client, letter)).json()["replays"]
    assert tried["outcome"] == "undecodable"
    loop.before_effect = refuse_odd
    await loop.send(1)
    async with loop.running(loop.consumer(), loop.relay):
        _, odd = sorted(await letters_in(loop, client, 2), key=lambda each: each["key"] == "1")

    async def fail(_):
        message = "a bad release"
        raise RuntimeError(message)

    loop.before_effect = fail
    (tried,) = (await replay(client, odd)).json()["replays"]
    assert (tried["outcome"], tried["detail"]) == ("failed", "RuntimeError: a bad release")
    assert await loop.effects() == []


async def test_one_that_was_cut_short_is_replayed_whole_or_not_at_all(loop, client):
    blank = b" " * (BATCH_BYTES_MAX - 300)
    await loop.send_raw(blank + b'{"number": 7')
    await loop.send(8)
    async with loop.running(loop.consumer(), loop.relay):
        (letter,) = await letters_in(loop, client, 1)
        await loop.until_effects([8])
    whole = (await client.get(f"/v1/dead-letters/{letter['id']}")).json()
    assert whole["cut_from_bytes"] == len(blank) + 12
    (tried,) = (await replay(client, letter)).json()["replays"]
    assert "truncated" in tried["detail"]  # what it was: the object's end is missing
    await loop.make_topic_anew()
    await loop.send(*range(30))
    answer = await replay(client, letter)
    assert (answer.status_code, answer.json()["type"]) == (
        409,
        "urn:prewatt:problem:original-gone",
    )


async def test_they_come_in_pages_newest_first(loop, client):
    for _ in range(25):
        await loop.send_raw(b"bad")
    async with loop.running(loop.consumer(), loop.relay):
        everything = [each["id"] for each in await letters_in(loop, client, 25)]
    for limit in (25, 24):
        page = (await client.get("/v1/dead-letters", params={"limit": limit})).json()
        assert (len(page["items"]), page["next"] is None) == (limit, limit == 25)
    found, query = [], {"limit": "10"}
    while True:
        page = (await client.get("/v1/dead-letters", params=query)).json()
        found += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert found == everything == [f"{loop.topic.name}:{n}" for n in reversed(range(25))]


async def test_what_is_no_dead_letter_of_ours_is_not_found(loop, client):
    for unknown in ("x", f"{loop.topic.name}:0", f"{loop.topic.name}:-1", "other:1", ":1"):
        answer = await client.get(f"/v1/dead-letters/{unknown}")
        assert (answer.status_code, answer.json()["type"]) == (
            404,
            "urn:prewatt:problem:unknown-dead-letter",
        )
    assert (await client.get("/v1/dead-letters", params={"cursor": "x"})).status_code == 422
    letter = {"id": f"{loop.topic.name}:0"}
    assert (await replay(client, letter, "")).status_code == 422
