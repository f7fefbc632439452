"""Agreements set, changed and ended, also long after, and what time alone owes: every balance to
the micro-unit by the pure libraries, over HTTP on real parts."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
from ledger_cases import DAY, Case, at, begins, steady
from ledger_expected import CAPACITY, ENERGY, STANDING, VAT, Agreed, document

from prepay_ledger.unit import open_unit
from prewatt_common.clock import utc_now
from prewatt_common.db.database import Database

pytestmark = pytest.mark.stack

SLOTS = {
    "slots": [
        {"name": "peak", "begin": "17:00", "end": "20:00"},
        {"name": "valley", "begin": "22:00", "end": "06:00"},
        {"name": "flat"},
    ]
}
BY_NAME = {
    "kind": "energy",
    "name": "by-name",
    "micro_per_kwh": {"peak": 900_001, "valley": 200_003, "flat": 500_005},
}
OF_YEAR = ENERGY | {"name": "of-year", "over": "year"}


async def ended(case: Case, account: dict[str, Any], end_day: str) -> dict[str, Any]:
    newest = (await case.ledger.account(account))["agreements"][-1]
    path = f"/v1/accounts/{account['id']}/agreements/{newest['id']}/end"
    return await case.decide("POST", path, end_day=end_day)


async def test_time_of_use_is_charged_by_the_local_clock(ledger) -> None:
    """Over the night in March that has no 02:30."""
    case = Case(ledger, time_of_use=SLOTS, components=[BY_NAME, ENERGY, STANDING, VAT])
    await case.publish()
    account, meter = await case.home()
    await case.read(meter, steady(20, step=1))
    await case.read(meter, steady(15, first=20 * DAY + 17, base_wh=130_000, step=5))
    await case.settles(account)
    days = await ledger.api.get(
        f"/v1/meters/{meter.meter_id}/days", params={"from": "2026-03-29", "to": "2026-03-29"}
    )
    assert {each["slot"] for each in days.json()} == {"peak", "valley", "flat"}


async def test_annual_blocks_fill_over_the_year_and_a_late_reading_moves_all_that_follow(
    ledger,
) -> None:
    case = Case(ledger, components=[OF_YEAR, VAT])
    await case.publish()
    account, meter = await case.home()
    await case.read(meter, [(30 * DAY, 5_000), (70 * DAY, 12_000), (130 * DAY, 40_000)])
    await case.settles(account)
    await case.read(meter, [(20 * DAY, 4_900), (60 * DAY, 11_000)])
    await case.settles(account)


async def test_a_later_version_prices_the_days_from_its_own_on(ledger) -> None:
    case = Case(ledger)
    later = document(
        case.code,
        valid_from="2026-03-12",
        components=[
            ENERGY | {"blocks": [{"upto_wh": None, "micro_per_kwh": 123_457}]},
            STANDING | {"micro_per_day": 111_111},
            VAT,
        ],
    )
    case.documents.append(later)
    await case.publish()
    await case.publish(later)
    account, meter = await case.home()
    await case.read(meter, steady(35, wh_a_step=333))
    await case.settles(account)


async def test_a_change_of_tariff_in_the_middle_of_a_month(ledger) -> None:
    case, other = Case(ledger), Case(ledger, components=[STANDING, BY_NAME], time_of_use=SLOTS)
    for each in (case, other):
        await each.publish()
    account, meter = await case.home()
    await case.read(meter, steady(40))
    await case.settles(account)
    changed = await ledger.agree(account, tariff_code=other.code, first_day="2026-03-17")
    assert changed.status_code == 201
    case.agreed[account["id"]] = [
        Agreed(documents=case.documents, end_day=date(2026, 3, 17)),
        Agreed(documents=other.documents, first_day=date(2026, 3, 17)),
    ]
    await case.holds(account)
    # Of both times, late and new.
    await case.read(meter, [(3 * DAY + 7, 2_900), (20 * DAY + 7, 19_300), (41 * DAY, 40_000)])
    await case.settles(account)


async def test_an_agreement_that_ended_in_the_past_gives_back_what_came_after(ledger) -> None:
    case = Case(ledger)
    await case.publish()
    account, meter = await case.home()
    await case.read(meter, steady(100))
    await case.settles(account)
    told = await ended(case, account, "2026-05-10")
    assert (told["end_day"], told["revision"]) == ("2026-05-10", 2)
    case.agreed[account["id"]] = [Agreed(documents=case.documents, end_day=date(2026, 5, 10))]
    await case.holds(account)
    # A reading comes late in a period that is closed, as all of them are by now.
    await case.read(meter, [(12 * DAY + 60, 11_700)])
    await case.settles(account)
    # One after the end changes nothing, or what lies before it.
    await case.read(meter, [(101 * DAY, 99_000)])
    await case.settles(account)
    await ended(case, account, "2026-06-20")
    case.agreed[account["id"]] = [Agreed(documents=case.documents, end_day=date(2026, 6, 20))]
    await case.holds(account)


async def test_days_that_are_past_are_owed_at_once_and_none_twice(ledger) -> None:
    case = Case(ledger, components=[STANDING])
    await case.publish()
    account = await ledger.open()
    first = utc_now().date() - timedelta(days=45)
    agreed = await ledger.agree(account, tariff_code=case.code, first_day=first.isoformat())
    assert agreed.status_code == 201
    case.agreed[account["id"]] = [Agreed(documents=case.documents, first_day=first)]
    await case.holds(account)
    assert case.balance(account) in (-46 * 333_333, -47 * 333_333)
    await asyncio.sleep(6)  # a sweep goes by
    await case.holds(account)


async def imported(case: Case, count: int, first: date) -> list[str]:
    numbers = [f"{case.code}-{number}" for number in range(count)]
    answer = await case.ledger.api.post(
        "/v1/accounts/import",
        params={"prepay_agreement": "direct"},
        content="\n".join(
            [
                "number,currency,meter_id,tariff_code,first_day,begins_at",
                *(f"{n},CNY,m-{n},{case.code},{first},{first}T00:00:00Z" for n in numbers),
            ]
        ),
        headers={"content-type": "text/csv"},
    )
    assert answer.status_code == 200, answer.text
    return numbers


@pytest.mark.timeout(280)
async def test_killed_while_it_sweeps_each_day_is_charged_once(ledger) -> None:
    """Thousands of agreements whose first day comes; the ledger dies at any moment of it."""
    case, count = Case(ledger, components=[STANDING]), 4_000
    await case.publish()
    today = utc_now().date()
    await imported(case, count, today + timedelta(days=2))
    await asyncio.to_thread(ledger.stack.kill, "prepay-ledger")
    # As if it had been down since then.
    first = today - timedelta(days=9)
    await begins(case, first)

    async def charged() -> list[int]:
        rows = await ledger.sql(
            "SELECT -balance_micro AS micro FROM account WHERE id IN "
            "(SELECT account_id FROM agreement WHERE tariff_code = $1)",
            case.code,
        )
        return [row["micro"] for row in rows]

    seen: list[int] = []
    for pause in (0.3, 0.5, 0.2, 0.4, 0.7):
        starting = asyncio.create_task(asyncio.to_thread(ledger.stack.start, "prepay-ledger"))
        done = sum(map(bool, await charged()))

        async def more(done: int = done) -> bool:
            return sum(map(bool, await charged())) > min(done, count - 1)

        await ledger.until(more, what="it sweeps")
        await asyncio.sleep(pause)
        await starting
        await asyncio.to_thread(ledger.stack.kill, "prepay-ledger")
        seen.append(sum(map(bool, await charged())))
    await asyncio.to_thread(ledger.stack.start, "prepay-ledger")

    async def all_done() -> bool:
        return all(await charged())

    await ledger.until(all_done, what="all are charged")
    print(f"\nkilled at {seen} of {count}")
    account = (await ledger.api.get("/v1/accounts", params={"number": f"{case.code}-7"})).json()
    case.agreed[account["id"]] = [Agreed(documents=case.documents, first_day=first)]
    await case.settles(account)
    assert set(await charged()) == {-case.balance(account)}
    entries = await ledger.sql(
        "SELECT count(*) AS n, count(DISTINCT (agreement_id, period_first)) AS periods FROM entry "
        "WHERE agreement_id IN (SELECT id FROM agreement WHERE tariff_code = $1)",
        case.code,
    )
    assert entries[0]["n"] == entries[0]["periods"]
    await ledger.sums_to_zero()


async def test_a_sweep_does_not_charge_by_an_agreement_that_somebody_changes(ledger) -> None:
    """What the sweep is about to charge is decided about meanwhile: one waits for the other."""
    case = Case(ledger)
    await case.publish()
    account, meter = await case.home()
    await case.read(meter, steady(5))
    await case.settles(account)
    await ledger.sql(
        "UPDATE charge_state SET due_day = current_date WHERE due_day IS NOT NULL AND "
        "agreement_id IN (SELECT id FROM agreement WHERE tariff_code = $1)",
        case.code,
    )
    database = Database(url=ledger.stack.endpoints.database_url("prepay_ledger"))
    async with open_unit(database) as unit:
        due = await unit.charging.due_agreements(
            tariff_code=case.code, today=utc_now().date(), after=None, limit=10
        )
        if due:  # its own sweep may have been there first
            ending = asyncio.create_task(ended(case, account, "2026-04-10"))
            await asyncio.sleep(1)
            assert not ending.done()
        else:
            ending = asyncio.create_task(ended(case, account, "2026-04-10"))
    await ending
    await database.close()
    case.agreed[account["id"]] = [Agreed(documents=case.documents, end_day=date(2026, 4, 10))]
    await case.settles(account)


async def test_an_agreement_that_cannot_be_rated_keeps_no_other_from_its_standing_charge(
    ledger,
) -> None:
    """A capacity that nobody has told is no reason to stop."""
    odd = Case(ledger, components=[CAPACITY, STANDING])
    good = Case(ledger, components=[STANDING])
    for each in (odd, good):
        await each.publish()
    # East of Greenwich tomorrow has begun in the evening.
    await imported(good, 4, utc_now().date() + timedelta(days=2))
    await ledger.sql(
        "UPDATE agreement SET tariff_code = $1 WHERE id IN "
        "(SELECT id FROM agreement WHERE tariff_code = $2 ORDER BY id LIMIT 2)",
        odd.code,
        good.code,
    )
    # One of the good ones is odd in another way: nobody knows the state that its supply is in.
    await ledger.sql("UPDATE account SET supply_state = 'odd' WHERE number = $1", f"{good.code}-3")
    first = utc_now().date() - timedelta(days=3)
    for each in (odd, good):
        await begins(each, first)

    async def charged() -> bool:
        rows = await ledger.sql(
            "SELECT balance_micro FROM account WHERE id IN "
            "(SELECT account_id FROM agreement WHERE tariff_code = $1)",
            good.code,
        )
        return [row["balance_micro"] < 0 for row in rows].count(True) == 1

    try:
        await ledger.until(charged, what="the others are charged", timeout_s=30)
        async with ledger.http() as client:
            assert (await client.get("/healthz")).status_code == 200
    finally:
        # What is mended is charged by the next sweep.
        mended = "UPDATE account SET supply_state = 'connected' WHERE supply_state = 'odd'"
        await ledger.sql(mended)
    await ledger.sql(
        "UPDATE agreement SET tariff_code = $2 WHERE tariff_code = $1", odd.code, good.code
    )
    found = [
        (await ledger.api.get("/v1/accounts", params={"number": f"{good.code}-{number}"})).json()
        for number in range(4)
    ]
    for account in found:
        good.agreed[account["id"]] = [Agreed(documents=good.documents, first_day=first)]
    await good.settles(*found)


async def test_an_agreement_that_cannot_be_rated_is_refused_and_says_why(ledger) -> None:
    """A month's price is not told yet, and energy was used in it."""
    purchased = {"kind": "purchased", "name": "bought", "micro_per_kwh": {"2026-01": 5}}
    case = Case(ledger, components=[purchased])
    await case.publish()
    account = await ledger.open()
    meter = case.meter()
    await ledger.install(account, meter.meter_id)
    path = f"/v1/meters/{meter.meter_id}/edits"
    await case.decide("POST", path, at=at(5 * DAY), kind="set", register_wh=5_000)
    refused = await ledger.agree(account, tariff_code=case.code)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:prewatt:problem:not-rated")
    assert "bought" in refused.json()["detail"]
    assert (await ledger.account(account))["agreements"] == []
