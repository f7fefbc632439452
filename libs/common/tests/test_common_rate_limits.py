"""How often somebody without a token may try, and from where a request is said to come."""

from collections.abc import Callable
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from pydantic import BaseModel

from prewatt_common.http.app import create_app
from prewatt_common.http.auth import public, require
from prewatt_common.http.client_address import client_address
from prewatt_common.http.rate_limits import PublicLimits, Rate, RateTable, Tries
from prewatt_common.http.rules import UndeclaredRoute
from prewatt_common.http.server import server_config

PEER = "10.0.0.7"


class Hands:
    """A clock that stands until it is moved."""

    def __init__(self, at_s: float = 1_000.0) -> None:
        self.at_s = at_s

    def __call__(self) -> float:
        return self.at_s


def test_so_many_at_once_and_then_one_after_the_other():
    clock = Hands()
    table = RateTable(Rate(3, 60), clock=clock)
    assert [table.take("a") for _ in range(3)] == [0, 0, 0]
    assert table.take("a") == pytest.approx(20)
    assert table.take("b") == 0, "another is another"
    clock.at_s += 19.5
    assert table.take("a") == pytest.approx(0.5), "what was refused was not counted"
    clock.at_s += 0.5
    assert table.take("a") == 0
    assert table.take("a") == pytest.approx(20)
    clock.at_s += 3_600
    assert [table.take("a") for _ in range(3)] == [0, 0, 0], "and no more than that at once"
    assert table.take("a") > 0


@given(
    times=st.integers(1, 50),
    seconds=st.integers(1, 3_600),
    pauses=st.lists(st.floats(0, 120), min_size=1, max_size=200),
)
def test_no_span_of_time_has_more_than_the_rate_and_what_may_come_at_once(times, seconds, pauses):
    clock = Hands()
    table = RateTable(Rate(times, seconds), clock=clock)
    taken = []
    for pause in pauses:
        clock.at_s += pause
        wait_s = table.take("a")
        if wait_s == 0:
            taken.append(clock.at_s)
        else:
            assert wait_s <= seconds / times * (1 + 1e-6)
    for first, begin in enumerate(taken):
        for last in range(first, len(taken)):
            allowed = times + (taken[last] - begin) * times / seconds
            assert last - first + 1 <= allowed + 1e-3


def test_a_table_never_grows_and_a_flood_of_others_pushes_nobody_out():
    clock = Hands()
    table = RateTable(Rate(5, 3_600), clock=clock)
    for _ in range(5):
        assert table.take("guessed") == 0
    size = len(table._free_at) * table._free_at.itemsize
    others = [table.take(f"other {number}") for number in range(5_000)]
    assert table.take("guessed") > 0
    assert len(table._free_at) * table._free_at.itemsize == size == 3 * 128 * 1024
    assert not any(others), "who asks once is not refused for what others did"


@pytest.mark.parametrize(
    ("forwarded", "hops", "expected"),
    [
        ([], 0, PEER),
        (["203.0.113.9"], 0, PEER),
        (["203.0.113.9"], 1, "203.0.113.9"),
        (["1.1.1.1, 203.0.113.9"], 1, "203.0.113.9"),
        (["1.1.1.1", "203.0.113.9"], 1, "203.0.113.9"),
        (["1.1.1.1, 203.0.113.9, 10.1.1.1"], 2, "203.0.113.9"),
        (["203.0.113.9"], 2, "203.0.113.9"),
        ([], 2, PEER),
        (["203.0.113.9:4711"], 1, "203.0.113.9"),
        (["[2001:db8:1:2:3::4]:4711"], 1, "2001:db8:1:2::/64"),
        (["2001:db8:1:2:ffff::"], 1, "2001:db8:1:2::/64"),
        (["::ffff:203.0.113.9"], 1, "203.0.113.9"),
        (["unknown"], 1, PEER),
        ([""], 1, PEER),
        (["203.0.113.9,"], 1, PEER),
    ],
)
def test_the_address_is_what_our_own_proxies_say(forwarded, hops, expected):
    assert client_address(peer=PEER, forwarded=forwarded, hops=hops) == expected


def test_a_peer_of_no_address_is_one_client():
    assert client_address(peer="", forwarded=[], hops=0) == ""
    assert client_address(peer="2001:db8::9", forwarded=[], hops=0) == "2001:db8::/64"


def test_uvicorn_does_not_take_a_header_for_the_peer():
    app = app_with()
    assert server_config(app, host="127.0.0.1", port=1).proxy_headers is False


async def test_a_page_passes_over_what_others_add_to_its_address():
    page = public(because="a test", strange_parameters=True)
    router = APIRouter(dependencies=[Depends(page)])

    @router.get("/page")
    async def look(lang: str = "en") -> str:
        return lang

    app = create_app(
        name="t", summary="", auth_public_key="", routers=[router], checks={}, consuming={}
    )
    async with client_of(app) as client:
        added = await client.get("/page?from=app&lang=zh&from=again")
        assert (added.status_code, added.json()) == (200, "zh")
        assert (await client.get("/page?lang=a&lang=b")).status_code == 422
        assert (await client.get("/page?from=%ff")).status_code == 422


class Try(BaseModel):
    account: str


def app_with(hops: int = 1, **limited):
    limits = PublicLimits(
        address=Rate(3, 60), parameters=(("token", Rate(4, 60)),), meant=str.lower
    )
    router = APIRouter(dependencies=[Depends(public(because="a test", limits=limits))])
    free = APIRouter(dependencies=[Depends(public(because="a test"))])
    tries = Tries("account", Rate(2, 60))

    @router.get("/p/{token}")
    async def look(token: str) -> str:
        return token

    @router.post("/p/{token}")
    async def pay(token: str, body: Try) -> str:
        return token + body.account

    @free.post("/codes")
    async def code(body: Try, tried: Annotated[Callable[[str], None], Depends(tries)]) -> None:
        tried(body.account)

    return create_app(
        name="test",
        summary="",
        auth_public_key="",
        routers=[router, free],
        checks={},
        consuming={},
        trusted_proxy_hops=hops,
    )


def client_of(app):
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_an_address_is_answered_so_often_on_all_routes_of_a_limit():
    async with client_of(app_with()) as client:
        here = {"x-forwarded-for": "203.0.113.1"}
        before = counted("/p/{token}", "address")
        for number in range(2):
            assert (await client.get(f"/p/{number}", headers=here)).status_code == 200
        assert (await client.post("/p/a", json={"account": "1"}, headers=here)).status_code == 200
        refused = await client.get("/p/c", headers=here)
        assert refused.status_code == 429
        assert refused.headers["content-type"] == "application/problem+json"
        assert 1 <= int(refused.headers["retry-after"]) <= 20
        assert refused.json()["type"] == "urn:prewatt:problem:too-many-requests"
        forged = {"x-forwarded-for": "9.9.9.9, 203.0.113.1"}
        assert (await client.get("/p/d", headers=forged)).status_code == 429
        other = {"x-forwarded-for": "203.0.113.2"}
        assert (await client.get("/p/c", headers=other)).status_code == 200
        assert counted("/p/{token}", "address") == before + 2
        assert (await client.get("/healthz", headers=here)).status_code == 200


async def test_one_token_is_answered_so_often_whoever_asks():
    async with client_of(app_with()) as client:
        answers = [
            (await client.get("/p/a", headers={"x-forwarded-for": f"203.0.113.{n}"})).status_code
            for n in range(6)
        ]
        assert answers == [200] * 4 + [429] * 2
        spelled = await client.get("/p/A", headers={"x-forwarded-for": "203.0.113.98"})
        assert spelled.status_code == 429, "it means the same"
        here = {"x-forwarded-for": "203.0.113.99"}
        assert (await client.get("/p/b", headers=here)).status_code == 200


async def test_what_stands_in_the_body_is_counted_where_the_route_says_so():
    async with client_of(app_with(hops=0)) as client:
        before = counted("/codes", "account")
        answers = [
            (await client.post("/codes", json={"account": "17"})).status_code for _ in range(3)
        ]
        assert answers == [200, 200, 429]
        assert (await client.post("/codes", json={"account": "18"})).status_code == 200
        assert counted("/codes", "account") == before + 1


async def test_the_document_says_so():
    async with client_of(app_with()) as client:
        document = (await client.get("/openapi.json")).json()
    for path, method in (("/p/{token}", "get"), ("/p/{token}", "post"), ("/codes", "post")):
        assert "429" in document["paths"][path][method]["responses"], path
    assert "429" not in document["paths"]["/healthz"]["get"]["responses"]
    assert "Retry-After" in document["components"]["responses"]["429"]["headers"]


@pytest.mark.parametrize(
    ("dependencies", "wrong"),
    [
        (lambda one: [public(because="x", limits=one)], "which its path does not have"),
        (lambda one: [public(because="x", limits=one)] * 2, "limited more than once"),
        (lambda one: [public(because="x", limits=one), require("a:b")], "public and protected"),
    ],
)
def test_a_service_does_not_start_with_limits_that_cannot_hold(dependencies, wrong):
    limits = PublicLimits(address=Rate(1, 1), parameters=(("token", Rate(1, 1)),))
    router = APIRouter(dependencies=[Depends(each) for each in dependencies(limits)])

    @router.get("/p")
    async def look() -> None:
        pass

    with pytest.raises(UndeclaredRoute, match=wrong):
        create_app(
            name="t", summary="", auth_public_key="", routers=[router], checks={}, consuming={}
        )


def counted(route: str, by: str) -> float:
    labels = {"route": route, "by": by}
    return REGISTRY.get_sample_value("prewatt_rate_limited_total", labels) or 0.0
