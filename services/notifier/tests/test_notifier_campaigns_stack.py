"""Campaigns on real parts: each account once whatever dies, pauses, what overtakes them, STOP."""

import asyncio
import time
from collections import Counter
from functools import partial
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
from notifier_campaigns import PATH, Campaigns, noon_zone
from notifier_events import mail_contact, off, topped_up

from prewatt_common.clock import utc_now

pytestmark = pytest.mark.stack

PROBLEM = "urn:prewatt:problem:"


@pytest.fixture
async def campaigns(notifier):
    made = Campaigns(notifier)
    yield made
    # The notifier is shared: what a test leaves at work is over.
    for row in await made.rows("SELECT id FROM campaign WHERE ended_at IS NULL"):
        await made.decide("cancel", str(row["id"]))


async def test_two_thousand_are_told_once_though_the_notifier_is_killed(notifier, campaigns):
    accounts = await campaigns.accounts(2_000)
    campaign_id = await campaigns.running(accounts, holdout_percent=10, per_minute=6_000)

    async def begun(count: int) -> bool:
        return len(await campaigns.notices(campaign_id)) > count

    for count in (200, 900):
        await notifier.until(partial(begun, count), what="some are told")
        notifier.kill()
        await notifier.ended()
        await notifier.start()

    async def all_had_their_turn() -> bool:
        return (await campaigns.get(f"/{campaign_id}/results"))["waiting"] == 0

    await notifier.until(all_had_their_turn, what="nobody waits", timeout_s=120)
    told = await campaigns.notices(campaign_id)
    assert set(told.values()) == {1}
    results = await campaigns.get(f"/{campaign_id}/results")
    assert results["audience"] == 2_000
    assert results["told"] + results["held_out"] == 2_000
    assert 140 < results["held_out"] < 260
    assert results["told"] == len(told) == results["reached"] + results["on_their_way"]
    assert (results["failed"], results["skipped"]) == (0, {})


async def test_a_pause_stops_and_nobody_is_told_twice_after_it(notifier, campaigns, smtp_peer):
    accounts = await campaigns.accounts(300, channels=("email",))
    smtp_peer.delay_s = 1
    try:
        campaign_id = await campaigns.running(accounts, channels=["email"])
        subject = f"A new tariff {campaign_id}"

        async def mailed() -> int:
            return sum(mail["Subject"] == subject for mail in smtp_peer.mails)

        async def begun() -> bool:
            return await mailed() > 20

        await notifier.until(begun, what="some are told")
        answer = await campaigns.decide("pause", campaign_id)
        assert answer.json()["state"] == "paused", answer.text
        waits = "SELECT count(*) FROM notice WHERE campaign_id = $1 AND status = 'queued'"
        assert (await campaigns.rows(waits, UUID(campaign_id)))[0][0] == 0
        # What was being sent arrives.
        await asyncio.sleep(3)
        assert await campaigns.quiet_for(2, mailed)
        stopped = await mailed()
        assert stopped < 300
        results = await campaigns.get(f"/{campaign_id}/results")
        assert results["waiting"] == 300 - stopped
        await campaigns.decide("resume", campaign_id)
        smtp_peer.delay_s = 0
        await campaigns.until_state(campaign_id, "ended", timeout_s=90)
    finally:
        smtp_peer.delay_s = 0
    got = [mail["To"] for mail in smtp_peer.mails if mail["Subject"] == subject]
    assert len(got) == len(set(got)) == 300
    kinds = [each["what"] for each in (await campaigns.get(f"/{campaign_id}/steps"))["items"]]
    assert kinds == [
        "ended", "resumed", "paused", "started", "frozen", "approved", "uploaded", "drafted",
    ]  # fmt: skip


async def test_nothing_leaves_once_a_cancel_is_answered(notifier, campaigns, smtp_peer):
    accounts = await campaigns.accounts(200, channels=("email",))
    smtp_peer.delay_s = 0.2
    try:
        campaign_id = await campaigns.running(accounts, channels=["email"])

        def mailed() -> int:
            subject = f"A new tariff {campaign_id}"
            return sum(mail["Subject"] == subject for mail in smtp_peer.mails)

        await notifier.until(lambda: mailed() > 10, what="some are told")
        answers = await asyncio.gather(
            *(campaigns.decide("cancel", campaign_id, key=campaign_id) for _ in range(3))
        )
        told = mailed()
    finally:
        smtp_peer.delay_s = 0
    assert [(each.status_code, each.json()["state"]) for each in answers] == [
        (200, "cancelled")
    ] * 3
    # A next channel's notice that was queued at that very moment: as a refusal would leave it.
    late = (
        "UPDATE notice SET status = 'queued', stop_as = NULL, next_attempt_at = now() "
        "WHERE id = (SELECT id FROM notice WHERE campaign_id = $1 AND status = 'withdrawn' "
        "LIMIT 1) RETURNING account_id"
    )
    await campaigns.rows(late, UUID(campaign_id))

    async def withdrawn() -> bool:
        query = (
            "SELECT count(*) FROM notice WHERE campaign_id = $1 AND status IN ('queued', 'sending')"
        )
        return (await campaigns.rows(query, UUID(campaign_id)))[0][0] == 0

    await notifier.until(withdrawn, what="nothing waits")
    assert mailed() == told < 200
    states = Counter(
        (row["state"], row["skipped_for"])
        for row in await campaigns.rows(
            "SELECT state, skipped_for FROM campaign_member WHERE campaign_id = $1",
            UUID(campaign_id),
        )
    )
    assert states == {("queued", None): told, ("skipped", "cancelled"): 200 - told}


async def test_the_same_asked_at_the_same_time_is_done_once(campaigns):
    key = str(uuid4())
    answers = await asyncio.gather(*(campaigns.draft(key=key) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {201}, answers[0].text
    assert len({answer.json()["id"] for answer in answers}) == 1
    other = await campaigns.draft(key=key, name="another")
    assert (other.status_code, other.json()["type"]) == (
        409, "urn:prewatt:problem:idempotency-key-used",
    )  # fmt: skip


async def test_supply_overtakes_a_campaign(notifier, campaigns, smtp_peer):
    accounts = await campaigns.accounts(600, channels=("email",))
    home = await notifier.account(**mail_contact(uuid4().hex))
    smtp_peer.delay_s = 0.2
    try:
        campaign_id = await campaigns.running(accounts, channels=["email"])

        async def waits() -> bool:
            query = "SELECT count(*) FROM notice WHERE campaign_id = $1 AND status = 'queued'"
            return (await campaigns.rows(query, UUID(campaign_id)))[0][0] > 300

        await notifier.until(waits, what="hundreds wait")
        begun = time.monotonic()
        await notifier.publish(off(home))
        await notifier.until_notices(home, ("supply-off", "email", "accepted"))
        assert time.monotonic() - begun < 5
        assert await waits() or (await campaigns.get(f"/{campaign_id}"))["state"] == "running"
    finally:
        smtp_peer.delay_s = 0
    await campaigns.decide("cancel", campaign_id)
    results = await campaigns.get(f"/{campaign_id}/results")
    assert results["skipped"].get("cancelled", 0) > 0


async def test_who_declines_meanwhile_is_not_told(notifier, campaigns, smtp_peer):
    accounts = await campaigns.accounts(200, channels=("email",))
    smtp_peer.delay_s = 1
    try:
        campaign_id = await campaigns.running(accounts, channels=["email"])
        query = "SELECT account_id FROM notice WHERE campaign_id = $1 AND status = 'queued' "
        query += "ORDER BY next_attempt_at DESC, sequence DESC"

        async def waits() -> bool:
            return len(await campaigns.rows(query, UUID(campaign_id))) > 50

        await notifier.until(waits, what="some wait")
        last = (await campaigns.rows(query, UUID(campaign_id)))[0]["account_id"]
        async with campaigns.client("li") as client:
            answer = await client.put(
                f"/v1/contacts/{last}/consents",
                json={"purposes": {"news": False}, "how": "SMS: STOP NEWS"},
            )
        assert answer.status_code == 200, answer.text
        (notice,) = await notifier.notices(last)
        assert notice["status"] == "declined"
        smtp_peer.delay_s = 0
        await campaigns.until_state(campaign_id, "ended", timeout_s=60)
    finally:
        smtp_peer.delay_s = 0
    number = next(number for number, account_id in accounts.items() if account_id == last)
    assert smtp_peer.to(f"{number}@home.example") == []
    results = await campaigns.get(f"/{campaign_id}/results")
    assert (results["told"], results["reached"], results["stopped"]) == (200, 199, 1)
    assert results["opted_out"] == 1


async def test_who_is_skipped_and_who_has_topped_up(notifier, campaigns):
    accounts = await campaigns.accounts(60)
    some = list(accounts.items())
    await campaigns.rows("UPDATE contact SET channels = '{email}' WHERE account_id = $1",
                         some[0][1])  # fmt: skip
    await campaigns.rows("DELETE FROM contact WHERE account_id = $1", some[1][1])
    await campaigns.rows(
        "INSERT INTO consent (account_id, purpose, given, at, how, by) "
        "VALUES ($1, 'news', false, now(), 'letter', 'li')", some[2][1],
    )  # fmt: skip
    numbers = [*accounts, "no-such-account"]
    campaign_id = await campaigns.running(numbers, holdout_percent=50)
    await campaigns.until_state(campaign_id, "ended")
    audience = (await campaigns.get(f"/{campaign_id}/audience", limit=1000))["items"]
    by_number = {each["number"]: each for each in audience}
    why = {number: each["skipped_for"] for number, each in by_number.items()}
    assert [why[number] for number, _ in some[:3]] == ["no_channel", "no_channel", "no_consent"]
    assert why["no-such-account"] == "unknown_account"
    told = [each for each in audience if each["state"] == "queued"]
    left = [each for each in audience if each["state"] == "held_out"]
    assert len(told) + len(left) == 57
    for each in [*told[:12], *left[:3]]:
        await notifier.publish(topped_up(UUID(each["account_id"])))

    async def counted() -> bool:
        found = await campaigns.get(f"/{campaign_id}/results")
        paid = found["topped_up_of_told"]["those"], found["topped_up_of_held_out"]["those"]
        return paid == (12, 3)

    await notifier.until(counted, what="payments are counted")
    found = await campaigns.get(f"/{campaign_id}/results")
    assert found["skipped"] == {"no_channel": 2, "no_consent": 1, "unknown_account": 1}
    effect = found["effect"]
    assert effect["low_ppm"] < effect["ppm"] < effect["high_ppm"]
    async with campaigns.client("li") as client:
        lines = (await client.get(f"{PATH}/{campaign_id}/results.csv")).text.splitlines()
    assert "topped_up_of_told.those,12" in lines
    assert f"channels.log.tried,{len(told)}" in lines


async def test_whom_its_hours_never_reach_is_skipped_and_it_ends(campaigns):
    accounts = await campaigns.accounts(3)
    today = utc_now().astimezone(ZoneInfo(noon_zone())).date()
    campaign_id = await campaigns.running(
        accounts, from_time="00:00", until_time="00:01", last_day=str(today)
    )
    await campaigns.until_state(campaign_id, "ended")
    results = await campaigns.get(f"/{campaign_id}/results")
    assert (results["told"], results["skipped"]) == (0, {"not_in_time": 3})


async def test_nobody_is_told_outside_its_hours(campaigns):
    accounts = await campaigns.accounts(3)
    campaign_id = await campaigns.running(accounts, from_time="00:00", until_time="00:01")

    async def told() -> int:
        return len(await campaigns.notices(campaign_id))

    assert await campaigns.quiet_for(3, told)
    found = await campaigns.get(f"/{campaign_id}/results")
    assert (found["told"], found["waiting"]) == (0, 3)


async def test_one_that_cannot_go_on_ends_no_others(notifier, campaigns):
    accounts = await campaigns.accounts(2)
    stuck = await campaigns.running(accounts, per_minute=1)
    await campaigns.rows("UPDATE campaign SET zones = '{No/Where}' WHERE id = $1", UUID(stuck))
    other = await campaigns.running(accounts)
    await campaigns.until_state(other, "ended")
    assert set((await campaigns.notices(other)).values()) == {1}
    assert "cannot go on" in notifier.log.read_text()
    assert (await campaigns.decide("cancel", stuck)).json()["state"] == "cancelled"


async def test_what_is_refused(notifier, campaigns):
    accounts = await campaigns.accounts(1)
    key = str(uuid4())
    draft = await campaigns.draft(key=key)
    assert (await campaigns.draft(key=key)).json()["id"] == draft.json()["id"]
    other = await campaigns.draft(key=key, name="another")
    assert (other.status_code, other.json()["type"]) == (409, f"{PROBLEM}idempotency-key-used")
    campaign_id = draft.json()["id"]

    async def refused(answer: httpx.Response, status: int, kind: str) -> None:
        assert (answer.status_code, answer.json()["type"]) == (status, PROBLEM + kind), answer.text

    await refused(await campaigns.decide("start", campaign_id), 409, "campaign-stands")
    await refused(await campaigns.decide("approve", campaign_id), 422, "invalid-campaign")
    await campaigns.upload(campaign_id, accounts, who="zhao")
    # Two who drafted it or gave it accounts; and its text is not there.
    for who in ("li", "zhao"):
        answer = await campaigns.decide("approve", campaign_id, who=who)
        await refused(answer, 403, "needs-second-person")
    await refused(await campaigns.decide("approve", campaign_id), 422, "invalid-campaign")
    await campaigns.publish(draft.json(), "zh-CN", "log")
    assert (await campaigns.decide("approve", campaign_id)).status_code == 200
    await campaigns.until_state(campaign_id, "frozen")
    await refused(await campaigns.upload(campaign_id, ["x"]), 409, "campaign-stands")
    unknown = await campaigns.decide("cancel", str(uuid4()))
    await refused(unknown, 404, "unknown-campaign")
    segment = await campaigns.draft(segment={"tariff": "home"})
    await refused(segment, 422, "invalid-campaign")
    for wrong in (
        {"purpose": "payments"}, {"channels": ["log", "log"]}, {"last_day": "2020-01-01"},
        {"from_time": "20:00", "until_time": "09:00"}, {"segment": {"hardship": True}},
    ):  # fmt: skip
        assert (await campaigns.draft(**wrong)).status_code == 422
    text = {"language": "en", "channel": "sms", "body": "{{ utility }}: hello"}
    for wrong in (
        {"template": "campaign-news"}, {"template": "campaign-offer", "campaign_id": campaign_id},
        {"template": "campaign-news", "campaign_id": str(uuid4())},
    ):  # fmt: skip
        answer = await campaigns.post("/v1/templates", **text | wrong)
        await refused(answer, 409, "text-refused")
    told = await campaigns.decide("start", campaign_id)
    assert told.status_code == 200
    await campaigns.until_state(campaign_id, "ended")
    (notice,) = await notifier.notices(next(iter(accounts.values())))
    assert notice["campaign_id"] == campaign_id
    again = await campaigns.post(f"/v1/notices/{notice['id']}/resend")
    await refused(again, 409, "not-resent")


async def test_drafts_of_one_key_stand_beside_each_other(campaigns):
    """A number is given as one is published, and not before."""
    text = {"template": "low-balance", "language": "en", "channel": "sms"}
    for _ in range(2):
        body = "{{ utility }}: ...{{ tail }} has {{ balance }}"
        draft = await campaigns.post("/v1/templates", **text, body=body)
        assert draft.status_code == 201, draft.text
