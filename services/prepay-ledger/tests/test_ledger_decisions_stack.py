"""What people decide about meters, also long after: every balance to the micro-unit by the pure
libraries, over HTTP on real parts."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from ledger_cases import DAY, Case, at, steady
from ledger_expected import Metered, minute_us

from prewatt_common.kafka.messages import partition_of
from prewatt_metering.calendar.instants import instant_of
from prewatt_metering.registers.meters import MeterFacts
from prewatt_metering.vee.edit import Edit, EditKind

pytestmark = pytest.mark.stack


async def test_readings_that_came_before_their_installation_are_charged_with_it(ledger) -> None:
    case = Case(ledger)
    await case.publish()
    account, meter, other = await case.account(), case.meter(), case.meter()
    before = (await ledger.sums_to_zero())["unbound_readings"]
    for each in (meter, other):
        await case.read(each, steady(5, base_wh=1_000))

    async def waiting() -> bool:
        return (await ledger.sums_to_zero())["unbound_readings"] == before + 40

    await ledger.until(waiting, what="they wait")
    await case.holds(account)
    for each, opening_wh in ((meter, 1_000), (other, None)):
        each.serves(account, DAY, opening_wh=opening_wh)
        more = {"begins_at": at(DAY), "opening_wh": opening_wh}
        assert (await ledger.install(account, each.meter_id, **more)).status_code == 201
        await case.holds(account)
    # Those before the installation still serve nobody.
    assert (await ledger.sums_to_zero())["unbound_readings"] == before + 2 * 3
    listed = await ledger.api.get("/v1/unbound-readings", params={"limit": 1_000})
    (reason,) = next(
        each["unbound"] for each in listed.json()["items"] if each["meter_id"] == meter.meter_id
    )
    assert (reason["reason"], reason["readings"]) == ("before_first_installation", 3)


@pytest.mark.parametrize("register_wh", [1_111, None])
async def test_a_move_out_that_is_told_late_moves_the_money(ledger, register_wh) -> None:
    case = Case(ledger)
    await case.publish()
    (account, meter), tenant = await case.home(), await case.account()
    await case.read(meter, steady(10))
    await case.settles(account, tenant)
    told = await case.move_out(
        meter, 2 * DAY + 77, register_wh=register_wh, next_account_id=tenant["id"]
    )
    meter.installations = []
    meter.serves(account, 0, 2 * DAY + 77, opening_wh=0, closing_wh=register_wh)
    meter.serves(tenant, 2 * DAY + 77, opening_wh=register_wh)
    await case.holds(account, tenant)
    assert [(each["account_id"], each["closing_wh"]) for each in told] == [
        (account["id"], register_wh), (tenant["id"], None),
    ]  # fmt: skip
    # What comes now is the tenant's, and what comes late goes to whose time it was.
    await case.read(meter, [(11 * DAY, 10_000), (DAY + 1, 970), (3 * DAY + 5, 2_900)])
    await case.settles(account, tenant)


async def test_a_move_out_to_nobody_gives_back_what_came_after(ledger) -> None:
    case = Case(ledger)
    await case.publish()
    account, meter = await case.home()
    await case.read(meter, steady(40))
    await case.settles(account)
    before = (await ledger.sums_to_zero())["unbound_readings"]
    await case.move_out(meter, 3 * DAY, register_wh=2_893)
    meter.installations = []
    meter.serves(account, 0, 3 * DAY, opening_wh=0, closing_wh=2_893)
    await case.holds(account)
    assert (await ledger.sums_to_zero())["unbound_readings"] == before + 37 * 4


@pytest.mark.parametrize("closing_wh", [2_500, None])
async def test_a_swap_under_the_same_id(ledger, closing_wh) -> None:
    case = Case(ledger)
    await case.publish()
    account, meter = await case.home()
    await case.read(meter, steady(2))
    # The new device begins at 90,000: until somebody says so it is a step that cannot be.
    await case.read(meter, steady(3, first=2 * DAY + 40, base_wh=90_000))
    await case.settles(account)
    told = await case.decide(
        "POST", f"/v1/meters/{meter.meter_id}/swap", at=at(2 * DAY + 30), closing_wh=closing_wh,
        opening_wh=89_900, old_device="A1", new_device="B2",
    )  # fmt: skip
    meter.installations = []
    meter.serves(account, 0, 2 * DAY + 30, opening_wh=0, closing_wh=closing_wh, device="A1")
    meter.serves(account, 2 * DAY + 30, opening_wh=89_900, device="B2")
    await case.holds(account)
    assert [each["device"] for each in told] == ["A1", "B2"]
    await case.read(meter, [(6 * DAY, 95_000), (DAY + 3, 1_000)])
    await case.settles(account)


async def test_a_wrong_opening_register_is_put_right(ledger) -> None:
    case = Case(ledger)
    await case.publish()
    account, meter = await case.home(multiplier=3)
    await case.read(meter, steady(4, base_wh=800))
    await case.settles(account)
    (installed,) = (await ledger.account(account))["installations"]
    path = f"/v1/installations/{installed['id']}/registers"
    for opening_wh in (800, None, 750):
        (now,) = await case.decide("POST", path, opening_wh=opening_wh)
        meter.installations = []
        meter.serves(account, opening_wh=opening_wh, multiplier=3)
        await case.holds(account)
        assert (now["id"], now["opening_wh"]) == (installed["id"], opening_wh)
    assert now["revision"] == 4


async def test_edits_set_remove_and_restore_and_nothing_that_came_is_lost(ledger) -> None:
    case = Case(ledger)
    await case.publish()
    account, meter = await case.home()
    await case.read(meter, steady(35))
    await case.settles(account)
    path = f"/v1/meters/{meter.meter_id}/edits"
    steps: list[tuple[str, int, int | None]] = [
        ("set", 12 * 60, 300), ("remove", 18 * 60, None), ("remove", 35 * DAY, None),
        ("restore", 12 * 60, None), ("set", 35 * DAY, 35_000), ("restore", 35 * DAY, None),
        ("restore", 18 * 60, None),
    ]  # fmt: skip
    first = case.balance(account)
    seen: set[int] = set()
    for number, (kind, minute, register_wh) in enumerate(steps):
        wh = {} if register_wh is None else {"register_wh": register_wh}
        await case.decide("POST", path, at=at(minute), kind=kind, **wh)
        meter.edits.append(
            Edit(
                edit_id=f"{number:03}",
                meter=meter.meter_id,
                at_us=minute_us(minute),
                kind=EditKind(kind),
                register_wh=register_wh,
                by="test",
                reason="test",
                decided_us=number,
            )
        )
        await case.holds(account)
        seen.add(case.balance(account))
    assert await ledger.worth(account) == first
    assert len(seen) > 2
    listed = (await ledger.api.get(path)).json()["items"]
    assert [each["kind"] for each in listed] == [kind for kind, _, _ in steps]
    # A reading that comes again or goes on does so behind the edits.
    await case.read(meter, [(35 * DAY, 140 * 241), (35 * DAY + 60, 34_000), (12 * 60, 482)])
    await case.settles(account)


async def test_a_modulus_told_late_makes_a_rollover_of_a_reset(ledger) -> None:
    case = Case(ledger)
    await case.publish()
    account = await case.account()
    meter = case.meter().serves(account, opening_wh=99_000)
    installed = await ledger.install(account, meter.meter_id, opening_wh=99_000)
    assert installed.status_code == 201
    await case.read(meter, [(60, 99_400), (120, 99_900), (180, 300), (240, 700), (300, 1_000)])
    await case.settles(account)
    reset = case.balance(account)
    path = f"/v1/meters/{meter.meter_id}"

    async def findings() -> list[tuple[str, str, bool]]:
        found = (await ledger.api.get(path + "/findings")).json()["items"]
        return [(each["check"], each["name"], each["stops_cut"]) for each in found]

    assert ("VEE-06", "reset") in [each[:2] for each in await findings()]
    told = await case.decide("PUT", path, household=True, modulus_wh=100_000)
    assert (told["revision"], told["modulus_wh"]) == (1, 100_000)
    meter.facts = MeterFacts(meter=meter.meter_id, modulus_wh=100_000)
    await case.holds(account)
    assert case.balance(account) < reset
    assert ("VEE-04", "rollover") in [each[:2] for each in await findings()]
    assert "VEE-06" not in [each[0] for each in await findings()]
    # Taken back it is a reset again; the next reading goes on from either.
    await case.decide("PUT", path, household=True)
    meter.facts = None
    await case.holds(account)
    assert (await ledger.account(account))["balance_micro"] == reset
    await case.read(meter, [(360, 1_500)])
    await case.settles(account)
    assert (await ledger.api.get(path)).json()["revision"] == 2


async def test_a_step_that_cannot_be_charges_nothing_and_is_found(ledger) -> None:
    case = Case(ledger)
    await case.publish()
    account, meter = await case.home()
    await case.read(meter, [(15, 1_000), (30, 1_000 + 17_250), (45, 60_000), (60, 60_100)])
    await case.settles(account)
    path = f"/v1/meters/{meter.meter_id}"
    pages: list[dict[str, Any]] = []
    query = {"limit": 1}
    while True:
        page = (await ledger.api.get(path + "/findings", params=query)).json()
        pages += page["items"]
        if not page.get("next_cursor"):
            break
        query = {"limit": 1, "cursor": page["next_cursor"]}
    found = [each for each in pages if each["check"] == "VEE-07"]
    assert [(each["before"], each["after"], each["unit"]) for each in found] == [
        (18_250, 60_000, "Wh")
    ]
    assert datetime.fromisoformat(found[0]["end"]) == instant_of(minute_us(45)).astimezone(UTC)
    # A larger connection, told late.
    await case.decide("PUT", path, household=False, max_w=200_000)
    meter.facts = MeterFacts(meter=meter.meter_id, household=False, max_w=200_000)
    await case.holds(account)
    assert [
        each["check"] for each in (await ledger.api.get(path + "/findings")).json()["items"]
    ] == []


async def test_a_late_reading_in_a_closed_period_posts_the_difference(ledger) -> None:
    case = Case(ledger)
    await case.publish()
    account, meter = await case.home()
    # Nothing in the days between: split by time, then measured.
    await case.read(meter, [(20 * DAY, 10_000), (50 * DAY, 60_000), (100 * DAY, 90_000)])
    await case.settles(account)
    before = dict(await case.told(account))
    await case.read(meter, [(31 * DAY, 50_000)])
    await case.settles(account)
    after = dict(await case.told(account))
    changed = {first for first in after if after[first] != before.get(first)}
    assert changed == {date(2026, 3, 1), date(2026, 4, 1)}
    days = await ledger.api.get(
        f"/v1/meters/{meter.meter_id}/days", params={"from": "2026-03-01", "to": "2026-07-01"}
    )
    assert sum(each["wh"] for each in days.json()) <= 90_000


async def test_meters_of_an_account_in_two_partitions_share_blocks_and_standing(ledger) -> None:
    """All at once: each batch of either partition changes the same periods."""
    case = Case(ledger)
    await case.publish()
    homes: list[tuple[dict[str, Any], list[Metered]]] = []
    for _ in range(12):
        account = await case.account()
        meters = [case.meter() for _ in range(4)]
        for each in meters:
            each.serves(account, opening_wh=0)
            answer = await ledger.install(account, each.meter_id, opening_wh=0)
            assert answer.status_code == 201
        homes.append((account, meters))
    for number in range(1, 60):
        batch = [
            (each.meter_id, number * 60, number * 100 + place)
            for _, meters in homes
            for place, each in enumerate(meters)
        ]
        await ledger.read(*batch)
        for _, meters in homes:
            for place, each in enumerate(meters):
                each.readings.append((number * 60, number * 100 + place))
    await case.settles(*(account for account, _ in homes))
    places = {
        partition_of(each.meter_id.encode(), partitions=6) for _, meters in homes for each in meters
    }
    assert len(places) > 1, "the meters lie in several partitions"
