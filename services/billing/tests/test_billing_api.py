"""The HTTP interface on the real PostgreSQL: differences by name, pages, days, refusals."""

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from billing.reconciliation.api import reconciliation_router
from billing.reconciliation.api_meters import meters_router
from billing.reconciliation.watch import WatchReconciliation
from prewatt_common.clock import utc_now
from prewatt_common.http.app import create_app
from prewatt_common.http.auth import issue_token
from prewatt_common.http.pages import ListOf, make_cursor

pytestmark = pytest.mark.stack

FIRST_DAY, TODAY = date(2026, 11, 1), date(2026, 11, 10)
NOON = datetime(2026, 11, 10, 4, tzinfo=UTC)
READS = [(24.0 * day, 1_000 + 500 * day) for day in range(1, 10)]
HOW_THEY_STAND = {
    0: "agrees",
    1: "differs",
    2: "in_flight",
    3: "missing_in_ledger",
    4: "missing_in_billing",
    5: "not_rateable",
}


def changed(posted: Any, **changes: Any) -> Any:
    """The ledger's one charge, changed."""
    (charge,) = posted.charges
    return msgspec.structs.replace(posted, charges=(msgspec.structs.replace(charge, **changes),))


async def _fill(billing, homes) -> list[Any]:
    """A household of every kind, in order of agreement id."""
    made = []
    for number, kind in HOW_THEY_STAND.items():
        one = homes(first_day=FIRST_DAY)
        one.agreement_id, one.meter_id = UUID(int=number + 1), f"m-{number}"
        readings = one.readings(READS)
        posted = one.posted(readings, today=TODAY)
        await billing.take(one.account, one.installation(), *readings)
        if kind != "missing_in_billing":
            await billing.take(one.agreement())
        if kind != "not_rateable":
            await billing.take(one.tariff)
        match kind:
            case "differs":
                posted = changed(posted, total_micro=posted.charges[0].total_micro + 1)
            case "in_flight":
                posted = changed(posted, total_micro=1, last_read_at=one.begins_at)
        if kind != "missing_in_ledger":
            await billing.take(posted)
        made.append(one)
    for table in ("meter_day", "agreement", "installation", "tariff_version", "posted_period"):
        async with billing.database.transaction() as connection:
            await connection.exec_driver_sql(f"UPDATE {table} SET changed_at = '2026-11-10'")
    await billing.compare(now=NOON, settle=timedelta(seconds=30))
    return made


@pytest.fixture
async def api(billing, homes) -> AsyncGenerator[SimpleNamespace]:
    """A client with a token, one without the scope, and one without any."""
    made = await _fill(billing, homes)
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    app = create_app(
        name="billing",
        summary="test",
        auth_public_key=public.decode(),
        routers=[
            reconciliation_router(store=billing.comparisons, clock=lambda: NOON),
            meters_router(store=billing.comparisons),
        ],
        checks={},
        consuming={},
    )

    def client(*scopes: str) -> httpx.AsyncClient:
        token = issue_token(
            private_key_pem=private,
            subject="test",
            scopes=scopes,
            now=utc_now(),
            lifetime=timedelta(minutes=5),
        )
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app),
            base_url="http://billing",
            headers={"Authorization": f"Bearer {token}"},
        )

    async with client("billing:read") as reader, client("ledger:read") as stranger:
        yield SimpleNamespace(
            made=made,
            get=reader.get,
            stranger=stranger,
            anonymous=httpx.AsyncClient(
                transport=httpx.ASGITransport(app=app), base_url="http://billing"
            ),
        )


def numbers(items: Sequence[dict[str, Any]]) -> list[int]:
    return [UUID(each["agreement_id"]).int - 1 for each in items]


async def test_differences_are_named(api) -> None:
    answer = (await api.get("/v1/reconciliation/2026-11")).json()
    assert (answer["month"], answer["next"]) == ("2026-11", None)
    assert dict(
        zip(numbers(answer["items"]), [each["kind"] for each in answer["items"]], strict=True)
    ) == {number: kind for number, kind in HOW_THEY_STAND.items() if kind != "agrees"}
    one = api.made[1]
    right = one.posted(one.readings(READS), today=TODAY).charges[0]
    summary = answer["summary"]
    totals = summary.pop("totals")
    assert summary == {
        "compared": 6,
        "agrees": 1,
        "in_flight": 1,
        "differs": 1,
        "missing_in_ledger": 1,
        "missing_in_billing": 1,
        "not_rateable": 1,
        "waiting": 0,
    }
    assert totals == [
        {
            "currency": "CNY",
            "billing_total_micro": 4 * right.total_micro,
            "ledger_total_micro": 2 * right.total_micro + 1 + 1,
        },
        {
            "currency": None,
            "billing_total_micro": 0,
            "ledger_total_micro": 2 * right.total_micro,
        },
    ]
    side = {"energy_wh": 4_500, "standing_days": 10, "last_read_at": "2026-11-09T16:00:00Z"}
    assert answer["items"][0] == {
        "kind": "differs",
        "detail": f"total_micro is {right.total_micro + 1}, billing has {right.total_micro}",
        "agreement_id": str(one.agreement_id),
        "period_first": "2026-11-01",
        "period_end": "2026-12-01",
        "account_id": str(one.account_id),
        "account_number": one.account.number,
        "currency": "CNY",
        "billing": {"total_micro": right.total_micro, **side},
        "ledger": {"total_micro": right.total_micro + 1, **side},
        "changed_at": "2026-11-10T00:00:00Z",
        "unequal_since": "2026-11-10T04:00:00Z",
        "compared_at": "2026-11-10T04:00:00Z",
    }


async def test_differences_come_in_pages(api) -> None:
    seen: list[int] = []
    cursor, pages = None, 0
    while pages == 0 or cursor is not None:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await api.get("/v1/reconciliation/2026-11", params=query)).json()
        assert (page["summary"] is None) is (pages > 0)
        seen += numbers(page["items"])
        cursor, pages = page["next"], pages + 1
    assert (seen, pages) == ([1, 2, 3, 4, 5], 3)


async def test_kinds_can_be_chosen(api) -> None:
    query = {"kind": ["differs", "agrees"]}
    page = (await api.get("/v1/reconciliation/2026-11", params=query)).json()
    assert numbers(page["items"]) == [0, 1]


async def test_a_month_of_nothing_is_empty(api) -> None:
    answer = (await api.get("/v1/reconciliation/2031-01")).json()
    assert (answer["summary"]["compared"], answer["items"]) == (0, [])


@pytest.mark.parametrize("month", ["2026-13", "november", "2026-1", "0000-01", "２０２６-01"])
async def test_a_bad_month_is_a_problem(api, month: str) -> None:
    answer = await api.get(f"/v1/reconciliation/{month}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:prewatt:problem:invalid-month"
    assert "write YYYY-MM" in answer.json()["detail"]


@pytest.mark.parametrize("query", ["?kind=wrong", "?limit=0", "?limit=1001"])
async def test_bad_parameters_are_problems(api, query: str) -> None:
    answer = await api.get(f"/v1/reconciliation/2026-11{query}")
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:prewatt:problem:invalid-request"


async def test_a_cursor_that_somebody_made_up_is_a_problem(api) -> None:
    path = "/v1/reconciliation/2026-11"
    cursor = make_cursor(ListOf(f"billing {path}", ()), (UUID(int=1), "tomorrow"))
    answer = await api.get(path, params={"cursor": cursor})
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:prewatt:problem:wrong-cursor"


@pytest.mark.parametrize("path", ["/v1/reconciliation/2026-11", "/v1/meters/m-0/days"])
async def test_only_with_the_scope(api, path: str) -> None:
    assert (await api.anonymous.get(path)).status_code == 401
    assert (await api.stranger.get(path)).status_code == 403


async def test_the_days_of_a_meter(api) -> None:
    first = (await api.get("/v1/meters/m-1/days", params={"limit": 4})).json()
    assert [each["day"] for each in first["items"]] == [
        "2026-11-09", "2026-11-08", "2026-11-07", "2026-11-06",
    ]  # fmt: skip
    one = api.made[1]
    assert first["items"][0] == {
        "day": "2026-11-09",
        "agreement_id": str(one.agreement_id),
        "account_id": str(one.account_id),
        "tariff_code": one.code,
        "energy_wh": 500,
        "slots": {"peak": 292, "valley": 208},
    }
    query = {"limit": 4, "cursor": first["next"]}
    second = (await api.get("/v1/meters/m-1/days", params=query)).json()
    assert second["items"][0]["day"] == "2026-11-05"


async def test_a_meter_without_a_rateable_agreement_has_no_days(api) -> None:
    assert (await api.get("/v1/meters/m-5/days")).json() == {"items": [], "next": None}


async def test_a_meter_that_nobody_knows(api) -> None:
    answer = await api.get(f"/v1/meters/{uuid4()}/days")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:prewatt:problem:unknown-meter"


async def test_what_stands_is_shown_as_metrics(api, billing) -> None:
    def watch(now: datetime) -> WatchReconciliation:
        return WatchReconciliation(store=billing.comparisons, clock=lambda: now)

    async def metrics() -> str:
        return (await api.get("/metrics")).text

    name = "prewatt_billing_reconciliation"
    await watch(NOON).once()
    shown = await metrics()
    for kind in ("differs", "missing_in_ledger", "missing_in_billing", "not_rateable"):
        assert f'{name}_differences{{kind="{kind}",month="current"}} 1.0' in shown
    assert f'{name}_in_flight{{month="current"}} 1.0' in shown
    assert f'{name}_compared{{month="current"}} 6.0' in shown
    assert f"{name}_waiting 0.0" in shown
    await watch(NOON + timedelta(days=30)).once()
    shown = await metrics()
    assert f'{name}_differences{{kind="differs",month="current"}} 0.0' in shown
    assert f'{name}_differences{{kind="differs",month="previous"}} 1.0' in shown
    # Those five that time alone makes due have waited since the day after.
    assert f"{name}_waiting 0.0" not in shown
    assert f"{name}_behind_seconds 0.0" not in shown
    await watch(NOON + timedelta(days=90)).once()
    assert f'{name}_differences{{kind="differs",month="previous"}} 0.0' in await metrics()
