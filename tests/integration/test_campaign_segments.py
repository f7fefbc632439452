"""A campaign's segment is asked of billing as billing reads it."""

import asyncio
from datetime import date

import asyncpg
import httpx
import msgspec
import pytest
from own_databases import own_database
from rows import add_segment_account
from service_apps import app_of, token

from notifier.campaigns.billing import HttpSegments
from notifier.campaigns.refusals import InvalidCampaign
from notifier.campaigns.values import Segment
from prewatt_common.db.migrations import migrate

pytestmark = pytest.mark.stack

DAY = date(2026, 3, 1)
EVERYTHING = Segment(
    tariff="home",
    household=False,
    used_month=DAY,
    used_wh_min=0,
    used_wh_max=9,
    currency="CNY",
    balance_below_micro=5,
    top_up_days_min=0,
    top_up_days_max=30,
    supply_office="east",
    station_area="T-17",
    line="L-4",
)


async def test_billing_takes_every_field_of_a_segment(stack, monkeypatch):
    async with own_database(stack, "billing") as url:
        await asyncio.to_thread(migrate, package="billing", database_url=url)
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        for n in range(3):
            await add_segment_account(connection, "", n)
        kept = {row["number"] for row in await connection.fetch("SELECT number FROM account")}
        await connection.close()
        async with (
            app_of("billing", monkeypatch, database_url=url) as app,
            httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client,
        ):
            bearer = token("billing:segments")["authorization"].removeprefix("Bearer ")
            segments = HttpSegments(url="http://billing", token=bearer, client=client, timeout_s=20)
            for segment, expected in (
                (Segment(), kept),
                (Segment(tariff="home"), kept),
                (EVERYTHING, set[str]()),
            ):
                page = await segments.page(segment, as_of=DAY, cursor=None)
                assert (set(page.numbers), page.next) == (expected, None)
            with pytest.raises(InvalidCampaign, match="used_month needs"):
                await segments.page(Segment(used_month=DAY), as_of=DAY, cursor=None)


def test_no_field_of_a_segment_is_left_out_here():
    assert None not in msgspec.structs.astuple(EVERYTHING)
