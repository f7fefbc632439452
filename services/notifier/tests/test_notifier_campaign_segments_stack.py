"""The audience of a segment, as billing says it: page by page, and on from where it stopped."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from uuid import UUID, uuid4

import httpx
import pytest

from notifier.campaigns.billing import HttpSegments
from notifier.campaigns.freeze_audiences import FreezeAudiences
from notifier.campaigns.postgres import open_campaigns
from notifier.campaigns.postgres_records import PostgresCampaignRecords
from notifier.campaigns.postgres_turn import open_turn
from notifier.campaigns.refusals import BillingAway, InvalidCampaign
from notifier.campaigns.values import (
    Campaign,
    CampaignState,
    MemberState,
    Segment,
    Step,
    Terms,
    What,
    Window,
)
from notifier.contacts.consents import Purpose
from notifier.contacts.values import Channel
from prewatt_common.db.database import Database, driver
from prewatt_common.ids import new_id

NOW = datetime(2026, 3, 2, tzinfo=UTC)
DRAFTED = datetime(2026, 2, 20, tzinfo=UTC)
APPROVED = datetime(2026, 2, 28, 20, tzinfo=UTC)  # the first of March in Shanghai
PAGES = {None: (["a", "b"], "c1"), "c1": ([], "c2"), "c2": (["c", "b", "x"], None)}


class Billing:
    """Billing's side of the wire."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.away_at: str | None = "never"
        self.status = 200

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = dict(request.url.params)
        self.asked.append(asked)
        cursor = asked.get("cursor")
        if cursor == self.away_at:
            raise httpx.ConnectError("refused")
        if self.status != 200:
            return httpx.Response(self.status, json={"detail": "no such tariff"})
        numbers, after = PAGES[cursor]
        items = [{"number": each, "account_id": str(uuid4())} for each in numbers]
        return httpx.Response(200, json={"items": items, "next": after})

    def segments(self) -> HttpSegments:
        client = httpx.AsyncClient(transport=httpx.MockTransport(self))
        return HttpSegments(url="http://billing:8084/", token="t", client=client, timeout_s=5)


def campaign(**changes) -> Campaign:
    terms = {
        "name": "n", "purpose": Purpose.NEWS, "channels": (Channel.SMS,),
        "segment": Segment(tariff="home", household=True, used_month=date(2026, 1, 1),
                           used_wh_min=5),
        "window": Window(date(2026, 3, 1), date(2026, 3, 9), time(9), time(20)),
        "per_minute": 60, "holdout_ppm": 0, "seed": 0, "respond_days": 14,
    }  # fmt: skip
    return Campaign(
        id=new_id(), terms=Terms(**terms | changes), state=CampaignState.APPROVED,
        drafted_by="li", drafted_at=DRAFTED, approved_by="wang",
    )  # fmt: skip


@pytest.fixture
async def database(notifier_store_url):
    made = Database(url=notifier_store_url)
    yield made
    async with made.transaction() as connection:
        inner = await driver(connection)
        for table in ("campaign_member", "campaign_step", "campaign", "account"):
            await inner.execute(f"DELETE FROM {table}")
    await made.close()


@pytest.mark.stack
async def test_it_is_counted_page_by_page_and_goes_on_where_billing_was_away(database):
    billing, made = Billing(), campaign()
    async with database.transaction() as connection:
        await (await driver(connection)).executemany(
            "INSERT INTO account (id, number) VALUES ($1, $2)",
            [(UUID(int=n + 1), number) for n, number in enumerate("abc")],
        )
    async with open_campaigns(database) as store:
        await store.add(replace(made, state=CampaignState.DRAFT))
        await store.change(made)
        await store.note(
            Step(id=new_id(), campaign_id=made.id, what=What.APPROVED, by="wang", reason="r",
                 at=APPROVED)
        )  # fmt: skip
    freeze = FreezeAudiences(
        open_turn=lambda: open_turn(database, refusable=()),
        records=PostgresCampaignRecords(database),
        segments=billing.segments(),
        zone="Asia/Shanghai",
        passing=lambda _: False,
        clock=lambda: NOW,
    )
    billing.away_at = "c1"
    assert await freeze() == 30
    async with open_campaigns(database) as store:
        stopped = await store.get(made.id)
        assert stopped is not None
        assert (stopped.state, stopped.segment_cursor) == (CampaignState.APPROVED, "c1")
    billing.away_at = "never"
    assert await freeze() is None
    async with open_campaigns(database) as store:
        frozen = await store.get(made.id)
        members = await store.members(made.id, after=None, limit=9)
    assert frozen is not None
    assert (frozen.state, frozen.zones) == (CampaignState.FROZEN, ("Asia/Shanghai",))
    stands = {each.number: (each.account_id, each.state, each.skipped_for) for each in members}
    waits = MemberState.WAITING
    assert stands == {
        "a": (UUID(int=1), waits, None),
        "b": (UUID(int=2), waits, None),
        "c": (UUID(int=3), waits, None),
        "x": (None, MemberState.SKIPPED, "unknown_account"),
    }
    # No page was asked for twice, and all of the day on which it was approved.
    assert [each.get("cursor") for each in billing.asked] == [None, "c1", "c1", "c2"]
    assert billing.asked[0] == {
        "as_of": "2026-03-01", "limit": "1000", "tariff": "home", "household": "true",
        "used_month": "2026-01-01", "used_wh_min": "5",
    }  # fmt: skip
    assert await freeze() is None
    assert len(billing.asked) == 4


@pytest.mark.parametrize(
    ("status", "refusal"), [(422, InvalidCampaign), (403, BillingAway), (500, BillingAway)]
)
async def test_what_billing_says_no_to(status, refusal):
    billing = Billing()
    billing.status = status
    with pytest.raises(refusal, match="no such tariff"):
        await billing.segments().page(Segment(), as_of=date(2026, 3, 1), cursor=None)
