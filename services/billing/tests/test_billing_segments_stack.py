"""Segments on the real PostgreSQL: who is in one, in pages, and what is refused."""

from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from random import Random
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import httpx
import pytest
from test_billing_hardship_api import PUBLIC, bearer

from billing.segments import postgres
from billing.segments.api import segments_router
from billing.segments.postgres import PostgresSegments
from prewatt_common.contracts.ledger_events_v1 import ToppedUp
from prewatt_common.http.app import create_app

pytestmark = pytest.mark.stack

PATH = "/v1/segments/accounts"
FIRST_DAY = date(2026, 11, 1)
TODAY = date(2026, 11, 10)
ASKS = bearer("campaigns", "billing:segments")


def topped_up(home, balance_micro: int, *, number: int = 9, at: datetime | None = None) -> ToppedUp:
    return ToppedUp(
        account_id=home.account_id,
        payment_id=f"p-{number}",
        provider="p",
        amount_micro=1,
        balance_micro=balance_micro,
        balance_number=number,
        currency="CNY",
        at=at or home.begins_at,
    )


@pytest.fixture
async def client(billing) -> AsyncGenerator[httpx.AsyncClient]:
    app = create_app(
        name="billing",
        summary="A test.",
        tags={},
        examples={},
        auth_public_key=PUBLIC,
        routers=[segments_router(segments=PostgresSegments(billing.database))],
        checks={},
        consuming={},
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://billing") as made:
        yield made


async def numbers(client: httpx.AsyncClient, **asked: Any) -> set[str]:
    answer = await client.get(PATH, params={"as_of": str(TODAY)} | asked, headers=ASKS)
    assert answer.status_code == 200, answer.text
    assert answer.json()["next"] is None
    return {each["number"] for each in answer.json()["items"]}


async def test_who_is_in_a_segment(billing, homes, client):
    home, shop, gone, bare = (homes(first_day=FIRST_DAY) for _ in range(4))
    readings = home.readings([(24.0 * day, 1_000 + 500 * day) for day in range(1, 10)])
    await billing.take(home.account, *home.facts, home.posted(readings, today=TODAY))
    await billing.take(shop.account, shop.tariff, shop.agreement(), shop.installation())
    await billing.take(shop.registered(household=False, max_w=9_000))
    await billing.take(gone.account, *gone.facts, gone.agreement(revision=2, end_day=TODAY))
    await billing.take(bare.account)
    await billing.take(topped_up(home, 5), topped_up(shop, 40), topped_up(shop, 3, number=2))
    ours, theirs = home.account.number, shop.account.number

    assert await numbers(client) == {ours, theirs}
    before = str(TODAY - timedelta(days=1))
    assert await numbers(client, as_of=before) == {ours, theirs, gone.account.number}
    assert await numbers(client, tariff=home.code) == {ours}
    assert await numbers(client, household="true") == {ours}
    assert await numbers(client, household="false") == {theirs}
    # Of two balances the one that the ledger moved last.
    below = {"currency": "CNY", "balance_below_micro": 40}
    assert await numbers(client, **below) <= {ours}
    assert await numbers(client, **below | {"balance_below_micro": 41}) >= {theirs}
    assert await numbers(client, **below | {"currency": "EUR"}) == set()
    used = (await billing.rows("SELECT energy_wh FROM posted_period"))[0][0]
    month = {"used_month": "2026-11-15"}
    assert await numbers(client, **month, used_wh_min=used, used_wh_max=used) == {ours}
    assert await numbers(client, **month, used_wh_min=used + 1) == set()
    # Of whom nothing was charged, nothing is known: not that they used little.
    assert await numbers(client, **month, used_wh_max=used - 1) == set()
    assert await numbers(client, used_month="2026-10-01", used_wh_min=0) == set()


class Told(NamedTuple):
    """What billing was told of an account."""

    number: str
    zone: str
    paid: list[datetime]
    places: list[tuple[str | None, str | None, str | None]]


def fits(told: Told, *, least=None, most=None, where=(None, None, None)) -> bool:
    """As the README says it, account by account."""
    days = [(TODAY - at.astimezone(ZoneInfo(told.zone)).date()).days for at in told.paid]
    waited = min([each for each in days if each >= 0], default=10**6)
    if least is not None and waited < least:
        return False
    if most is not None and waited > most:
        return False
    return where == (None, None, None) or any(
        all(asked in (None, place) for asked, place in zip(where, each, strict=True))
        for each in told.places
    )


async def test_days_since_the_last_top_up_and_areas_as_a_naive_look_finds_them(
    billing, homes, client
):
    random = Random(7)
    known = []
    midnight = datetime.combine(TODAY, time(), UTC)
    for n in range(24):
        zone = random.choice(["Asia/Shanghai", "America/New_York", "UTC"])
        home = homes(first_day=FIRST_DAY, timezone=zone)
        # Some just before or after a local midnight, and some after the day that is asked for.
        hours = [random.choice([-5, -4, 0, 16, 17, -8, -9]) for _ in range(random.randrange(3))]
        paid = [midnight + timedelta(days=random.randrange(-9, 3), hours=each) for each in hours]
        place = tuple(random.choice([None, "a", "b"]) for _ in range(3))
        names = dict(zip(("supply_office", "station_area", "line"), place, strict=True))
        removed = n % 6 == 5
        await billing.take(home.account, home.tariff, home.agreement(), home.registered(**names))
        await billing.take(home.installation(removed=removed))
        for number, at in enumerate(paid, start=1):
            await billing.take(topped_up(home, 5, number=number, at=at))
        known.append(Told(home.account.number, zone, paid, [] if removed else [place]))

    asked: list[dict[str, Any]] = [{"least": n} for n in range(8)]
    asked += [{"most": n} for n in range(8)]
    asked += [{"least": 1, "most": 3}, {"least": 2, "most": 2, "where": ("a", None, None)}]
    asked += [
        {"where": where} for where in product((None, "a"), (None, "b"), (None, "a")) if any(where)
    ]
    for each in asked:
        names = ("supply_office", "station_area", "line")
        where = each.get("where", (None, None, None))
        query = {name: value for name, value in zip(names, where, strict=True) if value}
        query |= {
            f"top_up_days_{name}": each[key]
            for key, name in (("least", "min"), ("most", "max"))
            if key in each
        }
        expected = {told.number for told in known if fits(told, **each)}
        assert await numbers(client, **query) == expected, each
    # The newest registration holds.
    moved = homes(first_day=FIRST_DAY)
    await billing.take(*moved.facts, moved.account)
    await billing.take(moved.registered(revision=2, line="c"))
    assert await numbers(client, line="c") == {moved.account.number}


async def test_pages_go_on_where_few_fit(billing, homes, client, monkeypatch):
    monkeypatch.setattr(postgres, "LOOKED_AT_MAX", 3)
    made = [homes(first_day=FIRST_DAY) for _ in range(11)]
    for each in made:
        await billing.take(each.account, each.tariff, each.agreement())
    wanted = made[7]
    for asked, count in (({}, 11), ({"tariff": wanted.code}, 1)):
        found, cursor, pages = [], None, 0
        while pages == 0 or cursor:
            more = {"cursor": cursor} if cursor else {}
            params = {"as_of": str(TODAY), "limit": 2} | asked | more
            page = (await client.get(PATH, params=params, headers=ASKS)).json()
            found += [each["account_id"] for each in page["items"]]
            cursor, pages = page["next"], pages + 1
        assert found == sorted(set(found))
        assert len(found) == count


@pytest.mark.parametrize(
    ("asked", "status", "kind"),
    [
        ({"hardship": "likely"}, 422, "hardship-is-no-segment"),
        ({"used_wh_min": 1}, 422, "invalid-segment"),
        ({"used_month": "2026-11-01"}, 422, "invalid-segment"),
        ({"currency": "CNY"}, 422, "invalid-segment"),
        ({"top_up_days_min": 3, "top_up_days_max": 2}, 422, "invalid-segment"),
        ({"top_up_days_min": -1}, 422, None),
        ({"name": "Li"}, 422, None),
        ({"as_of": "yesterday"}, 422, None),
    ],
)
async def test_what_is_refused(client, asked, status, kind):
    answer = await client.get(PATH, params={"as_of": str(TODAY)} | asked, headers=ASKS)
    assert answer.status_code == status, answer.text
    if kind is not None:
        assert answer.json()["type"] == f"urn:prewatt:problem:{kind}"


async def test_it_has_a_scope_of_its_own(client):
    params = {"as_of": str(TODAY)}
    for scope in ("billing:read", "billing:write", "billing:hardship"):
        answer = await client.get(PATH, params=params, headers=bearer("li", scope))
        assert (answer.status_code, answer.json()["scope"]) == (403, "billing:segments")
