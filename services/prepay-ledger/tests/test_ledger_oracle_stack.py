"""The ledger against an independent oracle, through its API, Kafka and PostgreSQL.

The oracle stands beside the checkout (`PREWATT_SHARED` names its folder); where there is none the
test is skipped.
"""

import importlib.util
import json
import os
import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from prepay_ledger.estimates.estimate_silent import EstimateSilent
from prepay_ledger.unit import open_unit
from prewatt_cli.scenario.form import parse_scenario
from prewatt_common.clock import utc_now
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_common.db.database import Database
from prewatt_metering.tariffs.document import document_of

pytestmark = pytest.mark.stack

Json = dict[str, Any]
SHARED = Path(os.environ.get("PREWATT_SHARED") or Path(__file__).resolve().parents[4] / "shared")
ORACLE = SHARED / "oracle" / "oracle.py"
SCENARIOS = sorted((SHARED / "oracle" / "scenarios").glob("*.json"))
LONG_AGO = "2000-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def oracle() -> ModuleType:
    if not ORACLE.exists():
        pytest.skip("no oracle beside the checkout; PREWATT_SHARED names its folder")
    spec = importlib.util.spec_from_file_location("prewatt_oracle", ORACLE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.timeout(280)
async def test_charges_are_the_oracles(ledger, oracle: ModuleType) -> None:
    """Every scenario at once: readings shuffled, in portions, some of them twice; as of now."""
    chance = random.Random(9)
    some = await made(ledger)
    readings = [each for case in some for each in case.readings()]
    readings += chance.sample(readings, len(readings) // 20)
    chance.shuffle(readings)
    await publish(ledger, readings)
    await are_the_oracles(ledger, oracle, some)


@pytest.mark.timeout(280)
async def test_charges_are_the_oracles_whatever_is_estimated(ledger, oracle: ModuleType) -> None:
    """Half of the readings, then estimates, then the other half: between the two, and after the
    last of them, for whoever is silent still."""
    some = await made(ledger)
    readings = [each for case in some for each in case.readings()]
    readings.sort(key=lambda each: each.read_at)
    half = readings[: len(readings) // 2]
    await publish(ledger, half)
    # A run goes past each account once: all that is to be silent must have been heard before.
    await are_the_oracles(ledger, oracle, some, told=half)
    await decide_estimates(ledger, 1)
    try:

        async def estimated() -> int:
            return sum([await case.estimated(ledger) for case in some])

        async def many() -> bool:
            return await estimated() > 5

        await go_through(ledger)
        await ledger.until(many, what="many are estimated")
        await publish(ledger, readings[len(readings) // 2 :])
        await are_the_oracles(ledger, oracle, some)
        # By another policy all are gone through again: whose last reading is long ago.
        await decide_estimates(ledger, 2)
        await go_through(ledger)
        await ledger.until(many, what="many are estimated again")
        await are_the_oracles(ledger, oracle, some)
    finally:
        await decide_estimates(ledger, None)
        await go_through(ledger)

    async def is_gone() -> bool:
        return await estimated() == 0

    await ledger.until(is_gone, what="nothing is estimated")
    await are_the_oracles(ledger, oracle, some)
    for case in some:
        assert await case.estimates_micro(ledger) == 0, case.name


async def decide_estimates(ledger: Any, after_days: int | None) -> None:
    """None: nobody is estimated."""
    longest_days = None if after_days is None else 31
    body = {"after_days": after_days, "longest_days": longest_days, "reason": "test"}
    answer = await ledger.api.put("/v1/estimate-policy", json=body)
    assert answer.status_code == 200, answer.text


async def go_through(ledger: Any) -> None:
    """A run through all accounts, beside the ledger's own job: that takes a tenth of the time at
    most, and other tests have left thousands of silent meters here."""
    database = Database(url=ledger.stack.endpoints.database_url("prepay_ledger"))
    job = EstimateSilent(
        open_unit=lambda: open_unit(database),
        timezone=ZoneInfo("Asia/Shanghai"),
        clock=utc_now,
        committed=lambda: None,
    )
    done = (
        "SELECT r.is_done AND r.revision = p.revision AS yes "
        "FROM estimate_run AS r, estimate_policy AS p"
    )
    while [row["yes"] for row in await ledger.sql(done)] != [True]:
        await job()
    await database.close()


async def made(ledger: Any) -> "list[Case]":
    """All scenarios, in the ledger."""
    some = [
        Case(path.stem, scenario)
        for path in SCENARIOS
        if not prorates(scenario := json.loads(path.read_text()))
    ]
    assert len(some) > 10
    for case in some:
        await case.make(ledger)
    return some


async def publish(ledger: Any, readings: list[Reading]) -> None:
    for begin in range(0, len(readings), 500):
        await ledger.publish(readings[begin : begin + 500])


async def are_the_oracles(
    ledger: Any, oracle: ModuleType, some: "list[Case]", *, told: list[Reading] | None = None
) -> None:
    """Wait until all charges are; the books agree. ``told``: of these readings alone."""
    known = None if told is None else {(each.meter_id, each.read_at) for each in told}
    for case in some:
        scenario = case.scenario | {"as_of": utc_now().isoformat()}
        if known is not None:
            pairs = zip(case.scenario["readings"], case.readings(), strict=True)
            scenario["readings"] = [
                given for given, each in pairs if (each.meter_id, each.read_at) in known
            ]
        expected = {name: nonzero(found["months"]) for name, found in oracle.run(scenario).items()}

        async def agrees(case: Case = case, expected: Json = expected) -> bool:
            return await case.charged(ledger) == expected

        try:
            await ledger.until(agrees, what=case.name, timeout_s=60)
        except BaseException:
            assert await case.charged(ledger) == expected, case.name
            raise
    await ledger.sums_to_zero()


def prorates(scenario: Json) -> bool:
    """A version that prorates has to be published before its period begins; these are past."""
    return any(version.get("prorate") for version in scenario["tariff"]["versions"])


def nonzero(months: Json) -> dict[str, tuple[int, int]]:
    """Wh and micro-units by month."""
    return {
        name: (month["wh"], month["charge_micro"])
        for name, month in months.items()
        if month["wh"] or month["charge_micro"]
    }


class Case:
    """A scenario in the ledger, under names that no other run has."""

    def __init__(self, name: str, scenario: Json) -> None:
        self.name = name
        now = utc_now()
        # A register below zero is refused by the gateway, and what is dated ahead is no history.
        fit = [
            each
            for each in scenario["readings"]
            if 0 <= each["register_wh"] <= 10**13 and datetime.fromisoformat(each["ts"]) <= now
        ]
        self.scenario: Json = scenario | {"readings": fit}
        self._run = uuid4().hex[:8]
        self._accounts: dict[str, Json] = {}

    def meter_id(self, meter: str) -> str:
        return f"o-{self._run}-{meter}"

    async def make(self, ledger: Any) -> None:
        """Tariff, accounts, agreements, meters and installations, over the API."""
        code = f"oracle-{self._run}"
        for version in parse_scenario(json.dumps(self.scenario)).tariff_versions():
            document = document_of(version) | {"code": code, "currency": "CNY"}
            await _post(ledger, "/v1/tariffs", {"document": document, "reason": "test"})
        for account in self.scenario["accounts"]:
            opened = await ledger.open()
            self._accounts[account["id"]] = opened
            closed = account.get("closed")
            end = (date.fromisoformat(closed) + timedelta(days=1)).isoformat() if closed else None
            await _post(
                ledger,
                f"/v1/accounts/{opened['id']}/agreements",
                {
                    "tariff_code": code,
                    "first_day": account["opened"],
                    "end_day": end,
                    "reason": "test",
                },
            )
            for meter in account["meters"]:
                await self._install(ledger, opened["id"], meter)

    async def _install(self, ledger: Any, account_id: str, meter: Json) -> None:
        meter_id = self.meter_id(meter["id"])
        facts = {
            name: meter[name]
            for name in ("modulus_wh", "resolution_wh", "max_w")
            if meter.get(name)
        }
        answer = await ledger.api.put(f"/v1/meters/{meter_id}", json=facts | {"reason": "test"})
        assert answer.status_code == 200, answer.text
        body = {"meter_id": meter_id, "begins_at": meter.get("from") or LONG_AGO, "reason": "test"}
        await _post(
            ledger,
            f"/v1/accounts/{account_id}/installations",
            body | {"opening_wh": meter.get("opening_wh") if meter.get("from") else None},
        )
        if meter.get("to"):
            await _post(
                ledger,
                f"/v1/meters/{meter_id}/move-out",
                {"at": meter["to"], "register_wh": meter.get("closing_wh"), "reason": "test"},
            )

    def readings(self) -> list[Reading]:
        """What the meters said."""
        now = utc_now()
        return [
            Reading(
                meter_id=self.meter_id(each["meter"]),
                read_at=datetime.fromisoformat(each["ts"]).astimezone(UTC),
                import_wh=each["register_wh"],
                received_at=now,
            )
            for each in self.scenario["readings"]
        ]

    async def charged(self, ledger: Any) -> dict[str, dict[str, tuple[int, int]]]:
        """By account, as `nonzero`."""
        found: dict[str, dict[str, tuple[int, int]]] = {}
        for name, account in self._accounts.items():
            months: Json = {
                period["period_first"][:7]: {
                    "wh": period["energy_wh"],
                    "charge_micro": period["total_micro"],
                }
                for period in await ledger.newest(account, "charges")
            }
            found[name] = nonzero(months)
        return found

    async def estimated(self, ledger: Any) -> int:
        """Periods of which something is estimated."""
        return sum(
            [
                period["estimated"] is not None
                for account in self._accounts.values()
                for period in await ledger.newest(account, "charges")
            ]
        )

    async def estimates_micro(self, ledger: Any) -> int:
        """What entries of estimates come to, of all its accounts, each without its sign."""
        return sum(
            [
                abs(
                    sum(
                        entry["amount_micro"]
                        for entry in await ledger.newest(account, "entries")
                        if entry["kind"] == "estimate"
                    )
                )
                for account in self._accounts.values()
            ]
        )


async def _post(ledger: Any, path: str, body: Json) -> None:
    answer = await ledger.api.post(path, json=body)
    assert answer.is_success, answer.text
