"""A campaign by SMS through a real SMS centre: receipts, refusals, a STOP while it runs, and what
is counted in the end."""

import asyncio
from uuid import UUID, uuid4

import pytest
from notifier_campaigns import Campaigns, noon_zone
from test_notifier_smpp_stack import centre as _centre

pytestmark = pytest.mark.stack

centre = _centre
PEOPLE, LOST, REFUSED = 300, 12, 10


def phone_of(n: int) -> str:
    """Of a range of this file's own."""
    return f"+86136{n:08d}"


async def people(notifier) -> dict[str, str]:
    """By number: phones of accounts that are told by SMS."""
    name = uuid4().hex[:8]
    phones = {f"{name}-{n}": phone_of(n) for n in range(PEOPLE)}
    ids = [uuid4() for _ in phones]
    connection = await notifier.connect()
    try:
        await connection.execute(
            "INSERT INTO account (id, number) SELECT * FROM unnest($1::uuid[], $2::text[])",
            ids, list(phones),
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO contact (account_id, language, phone, channels, timezone) "
            "SELECT id, 'en', phone, '{sms}', $3 FROM unnest($1::uuid[], $2::text[]) "
            "AS c (id, phone)",
            ids, list(phones.values()), noon_zone(),
        )  # fmt: skip
    finally:
        await connection.close()
    return phones


async def frozen(campaigns: Campaigns, numbers) -> str:
    """At a pace of thirty a second, so that there is a middle."""
    campaign_id = await campaigns.drafted(
        numbers, languages=("zh-CN", "en"), channels=["sms"], per_minute=1800
    )
    assert (await campaigns.decide("approve", campaign_id)).status_code == 200
    await campaigns.until_state(campaign_id, "frozen")
    return campaign_id


async def test_three_hundred_are_told_by_sms_and_counted(notifier, centre):
    campaigns, phones = Campaigns(notifier), await people(notifier)
    campaign_id = await frozen(campaigns, phones)
    rows = await campaigns.rows(
        "SELECT number FROM campaign_member WHERE campaign_id = $1 ORDER BY place",
        UUID(campaign_id),
    )
    in_order = [phones[row["number"]] for row in rows]
    first, last = in_order[0], in_order[-1]
    # Some phones are off for good, and some numbers are none: that the centre says at once.
    for phone in in_order[1 : 1 + LOST]:
        await centre.tell(to=phone[1:], receipt="UNDELIV")
    for phone in in_order[20 : 20 + REFUSED]:
        await centre.tell(to=phone[1:], answers=[0x0B])

    assert (await campaigns.decide("start", campaign_id)).status_code == 200
    await notifier.until(lambda: bool(centre.submitted(first)), what="the first is told")
    await asyncio.gather(centre.write(first, "STOP"), centre.write(last, "STOP"))
    await campaigns.until_state(campaign_id, "ended")

    told = PEOPLE - 1
    delivered = told - LOST - REFUSED

    async def settled() -> bool:
        found = await campaigns.get(f"/{campaign_id}/results")
        return found["delivered"] + found["failed"] == found["told"]

    await notifier.until(settled, what="all receipts are in")
    results = await campaigns.get(f"/{campaign_id}/results")
    assert {key: results[key] for key in ("audience", "waiting", "held_out", "on_their_way")} == {
        "audience": PEOPLE, "waiting": 0, "held_out": 0, "on_their_way": 0,
    }  # fmt: skip
    # Who said STOP before their turn was not told; who said so after it has opted out.
    assert (results["told"], results["skipped"]) == (told, {"no_consent": 1})
    assert (results["opted_out"], results["stopped"]) == (1, 0)
    assert (results["reached"], results["delivered"]) == (delivered, delivered)
    assert results["failed"] == LOST + REFUSED
    (sms,) = results["channels"]
    assert {key: sms[key] for key in ("channel", "tried", "accepted", "delivered", "failed")} == {
        "channel": "sms", "tried": told, "accepted": told - REFUSED, "delivered": delivered,
        "failed": LOST + REFUSED,
    }  # fmt: skip
    assert (sms["segments"], sms["cost_micro"]) == (told - REFUSED, (told - REFUSED) * 50_000)
    # Each phone once: but for the answers to the two that wrote.
    said = [
        [each for each in centre.submitted(phone) if "a new tariff" in each["message"]]
        for phone in in_order
    ]
    assert [len(each) for each in said] == [1] * told + [0]
