"""The HTTP interface on the real PostgreSQL: differences by name, pages, meters, refusals."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID, uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from billing.meters.postgres import open_meters
from billing.meters.terms import Account, MeterBinding
from billing.postings.postgres import open_postings
from billing.reconciliation.api import reconciliation_router
from billing.reconciliation.api_meters import meters_router
from billing.reconciliation.watch import WatchReconciliation
from prewatt_common.clock import utc_now
from prewatt_common.contracts.ledger_charges_v1 import PostedCharge
from prewatt_common.http.app import create_app
from prewatt_common.http.auth import issue_token
from prewatt_metering.monthly.months import BillingMonth
from prewatt_metering.monthly.registers import Binding, MonthRegister
from prewatt_metering.monthly.tariffs import Block, Tariff, TariffVersion

pytestmark = pytest.mark.stack

NOVEMBER = BillingMonth(2026, 11)
BEGINS = datetime(2026, 10, 31, 16, tzinfo=UTC)  # midnight of 1 November in Shanghai
READ_AT = datetime(2026, 11, 10, 4, tzinfo=UTC)
RIGHT_MICRO = 2_825_000  # 5 kWh at 0.5 and 13 % tax
HOW_METERS_STAND = {
    "m-0": "agrees",
    "m-1": "differs",
    "m-2": "in_flight",
    "m-3": "missing_in_ledger",
    "m-4": "missing_in_billing",
    "m-5": "not_rateable",
}


async def _fill(billing) -> None:
    """A meter of every kind, in order of binding id."""
    version = TariffVersion(
        code="home",
        effective_from=NOVEMBER,
        currency="CNY",
        timezone="Asia/Shanghai",
        tariff=Tariff(
            blocks=(Block(upto_wh=None, price_micro_per_kwh=500_000),),
            standing_micro_per_day=0,
            tax_bp=1_300,
        ),
    )
    posted = {
        "m-0": (9_000, RIGHT_MICRO),
        "m-1": (9_000, RIGHT_MICRO + 1),
        "m-2": (8_000, RIGHT_MICRO - 1),
        "m-4": (9_000, RIGHT_MICRO),
        "m-5": (9_000, RIGHT_MICRO),
    }
    async with (
        open_meters(billing.database) as store,
        open_postings(billing.database) as postings,
    ):
        await store.add_tariffs([version])
        for number, (meter_id, kind) in enumerate(HOW_METERS_STAND.items()):
            binding_id, account_id = UUID(int=number + 1), UUID(int=100 + number)
            await store.add_accounts([Account(id=account_id, number=f"A-{number}", currency="CNY")])
            if meter_id in posted:
                wh, micro = posted[meter_id]
                charge = PostedCharge(
                    binding_id, account_id, meter_id, str(NOVEMBER), 3, wh, READ_AT, wh - 4_000,
                    micro,
                )  # fmt: skip
                stale = PostedCharge(
                    binding_id, account_id, meter_id, str(NOVEMBER), 2, 1, READ_AT, 1, 1
                )
                await postings.put_posted([charge])
                await postings.put_posted([stale])
            if kind == "missing_in_billing":
                continue
            binding = Binding(
                binding_id=binding_id, effective_from=BEGINS, effective_to=None, opening_wh=4_000
            )
            code = "unheard-of" if kind == "not_rateable" else "home"
            await store.put_bindings(
                [MeterBinding(binding_id, account_id, meter_id, code, binding)]
            )
            register = MonthRegister(month=NOVEMBER, max_wh=9_000, last_at=READ_AT)
            await store.merge([(binding_id, register)])


@pytest.fixture
async def api(billing) -> AsyncGenerator[SimpleNamespace]:
    """A client with a token, one without the scope, and one without any."""
    await _fill(billing)
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    app = create_app(
        name="billing",
        summary="test",
        auth_public_key=public.decode(),
        routers=[
            reconciliation_router(store=billing.comparisons),
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
            get=reader.get,
            stranger=stranger,
            anonymous=httpx.AsyncClient(
                transport=httpx.ASGITransport(app=app), base_url="http://billing"
            ),
        )


async def test_differences_are_named(api) -> None:
    answer = (await api.get("/v1/reconciliation/2026-11")).json()
    assert answer["month"] == "2026-11"
    assert answer["next"] is None
    assert {each["meter_id"]: each["kind"] for each in answer["items"]} == {
        meter_id: kind for meter_id, kind in HOW_METERS_STAND.items() if kind != "agrees"
    }
    assert answer["summary"] == {
        "compared": 6,
        "agrees": 1,
        "in_flight": 1,
        "differs": 1,
        "missing_in_ledger": 1,
        "missing_in_billing": 1,
        "not_rateable": 1,
        "totals": [
            {
                "currency": "CNY",
                "billing_total_micro": 4 * RIGHT_MICRO,
                "ledger_total_micro": 3 * RIGHT_MICRO,
            },
            {
                "currency": None,
                "billing_total_micro": 0,
                "ledger_total_micro": 2 * RIGHT_MICRO,
            },
        ],
    }
    tampered = answer["items"][0]
    assert tampered.pop("changed_at") is not None
    side = {"energy_wh": 5_000, "import_wh": 9_000, "last_read_at": "2026-11-10T04:00:00Z"}
    assert tampered == {
        "kind": "differs",
        "binding_id": str(UUID(int=2)),
        "account_id": str(UUID(int=101)),
        "account_number": "A-1",
        "meter_id": "m-1",
        "currency": "CNY",
        "billing": {"total_micro": RIGHT_MICRO, **side},
        "ledger": {"total_micro": RIGHT_MICRO + 1, **side},
    }


async def test_differences_come_in_pages(api) -> None:
    seen: list[str] = []
    cursor, pages = None, 0
    while pages == 0 or cursor is not None:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await api.get("/v1/reconciliation/2026-11", params=query)).json()
        assert (page["summary"] is None) is (pages > 0)
        seen += [each["meter_id"] for each in page["items"]]
        cursor, pages = page["next"], pages + 1
    assert (seen, pages) == (["m-1", "m-2", "m-3", "m-4", "m-5"], 3)


async def test_kinds_can_be_chosen(api) -> None:
    query = {"kind": ["differs", "agrees"]}
    page = (await api.get("/v1/reconciliation/2026-11", params=query)).json()
    assert [each["meter_id"] for each in page["items"]] == ["m-0", "m-1"]


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


@pytest.mark.parametrize("path", ["/v1/reconciliation/2026-11", "/v1/meters/m-0/months"])
async def test_only_with_the_scope(api, path: str) -> None:
    assert (await api.anonymous.get(path)).status_code == 401
    assert (await api.stranger.get(path)).status_code == 403


async def test_the_months_of_a_meter(api) -> None:
    answer = (await api.get("/v1/meters/m-1/months")).json()
    assert answer == {
        "items": [
            {
                "month": "2026-11",
                "binding_id": str(UUID(int=2)),
                "account_id": str(UUID(int=101)),
                "tariff_code": "home",
                "base_wh": 4_000,
                "import_wh": 9_000,
                "energy_wh": 5_000,
                "days": 10,
                "last_read_at": "2026-11-10T04:00:00Z",
                "charge": {
                    "currency": "CNY",
                    "energy_micro": 2_500_000,
                    "standing_micro": 0,
                    "tax_micro": 325_000,
                    "total_micro": RIGHT_MICRO,
                },
                "ledger_total_micro": RIGHT_MICRO + 1,
            }
        ],
        "next": None,
    }


async def test_a_meter_that_nobody_knows(api) -> None:
    answer = await api.get(f"/v1/meters/{uuid4()}/months")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:prewatt:problem:unknown-meter"


async def test_the_background_check_shows_settled_differences(api, billing) -> None:
    def watch(now: datetime) -> WatchReconciliation:
        return WatchReconciliation(store=billing.comparisons, clock=lambda: now)

    async with open_meters(billing.database) as store:
        for table in ("meter_month", "posted_month"):
            await store._connection.execute(f"UPDATE {table} SET changed_at = $1", READ_AT)
    await watch(READ_AT).once()
    metrics = (await api.get("/metrics")).text
    name = "prewatt_billing_reconciliation_differences"
    assert f'{name}{{kind="differs",month="current"}} 1.0' in metrics
    assert f'{name}{{kind="not_rateable",month="current"}} 1.0' in metrics
    assert f'{name}{{kind="in_flight",month="current"}} 0.0' in metrics
    await watch(READ_AT + timedelta(days=30)).once()
    metrics = (await api.get("/metrics")).text
    assert f'{name}{{kind="differs",month="current"}} 0.0' in metrics
    for kind in ("differs", "in_flight", "missing_in_ledger", "missing_in_billing"):
        assert f'{name}{{kind="{kind}",month="previous"}} 1.0' in metrics
