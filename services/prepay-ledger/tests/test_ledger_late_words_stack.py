"""What people say wrongly, too early or too late: it is refused, or put right afterwards."""

from datetime import timedelta

import pytest
from ledger_cases import DAY, Case, at, steady
from ledger_expected import CAPACITY, STANDING, VAT, Agreed

from prewatt_common.clock import utc_now

pytestmark = pytest.mark.stack


async def test_a_swap_after_a_move_out_leaves_the_first_household_as_it_was(ledger) -> None:
    """Its installation named no device, so the new one's registers seemed to be a reset there."""
    case = Case(ledger)
    await case.publish()
    (account, meter), tenant = await case.home(), await case.account()
    await case.read(meter, steady(4))
    await case.settles(account)
    await case.move_out(meter, 4 * DAY, register_wh=4_000, next_account_id=tenant["id"])
    await case.read(meter, steady(3, first=6 * DAY, base_wh=0))
    await case.decide(
        "POST", f"/v1/meters/{meter.meter_id}/swap", at=at(6 * DAY), opening_wh=0,
        closing_wh=5_000, old_device="A1", new_device="B2",
    )  # fmt: skip
    meter.installations = []
    meter.serves(account, 0, 4 * DAY, opening_wh=0, closing_wh=4_000, device="A1")
    meter.serves(tenant, 4 * DAY, 6 * DAY, opening_wh=4_000, closing_wh=5_000, device="A1")
    meter.serves(tenant, 6 * DAY, opening_wh=0, device="B2")
    await case.settles(account, tenant)
    found = await ledger.api.get(f"/v1/meters/{meter.meter_id}/findings")
    assert found.json()["items"] == []


async def test_a_swap_in_the_middle_of_a_day_is_charged_once(ledger) -> None:
    """Every late reading of that day charged the old device's part of it again."""
    case = Case(ledger)
    await case.publish()
    account, meter = await case.home()
    await case.read(meter, [(6 * 60, 900), (9 * 60, 1_000)])
    await case.settles(account)
    await case.decide(
        "POST", f"/v1/meters/{meter.meter_id}/swap", at=at(10 * 60), opening_wh=0,
        closing_wh=1_100, old_device="A1", new_device="B2",
    )  # fmt: skip
    meter.installations = []
    meter.serves(account, 0, 10 * 60, opening_wh=0, closing_wh=1_100, device="A1")
    meter.serves(account, 10 * 60, opening_wh=0, device="B2")
    await case.read(meter, [(11 * 60, 200), (13 * 60, 400)])
    await case.settles(account)
    for minute, wh in ((12 * 60, 310), (10 * 60 + 30, 90), (14 * 60, 500), (30 * 60, 700)):
        await case.read(meter, [(minute, wh)])
        await case.settles(account)


async def test_a_move_out_that_was_told_wrongly_is_moved(ledger) -> None:
    case = Case(ledger)
    await case.publish()
    (account, meter), tenant = await case.home(), await case.account()
    await case.read(meter, steady(10))
    await case.settles(account)
    first, _ = await case.move_out(meter, 2 * DAY, next_account_id=tenant["id"])
    path = f"/v1/installations/{first['id']}/end"
    for minute, register_wh in ((5 * DAY + 3, None), (DAY, 1_000)):
        await case.decide("POST", path, at=at(minute), register_wh=register_wh)
        meter.installations = []
        meter.serves(account, 0, minute, opening_wh=0, closing_wh=register_wh)
        meter.serves(tenant, minute, opening_wh=register_wh)
        await case.holds(account, tenant)
    (open_one,) = (await ledger.account(tenant))["installations"]
    refused = await ledger.api.post(
        f"/v1/installations/{open_one['id']}/end", json={"at": at(DAY), "reason": "test"}
    )
    assert (refused.status_code, "move-out" in refused.json()["detail"]) == (409, True)


async def test_a_register_that_is_still_to_come_is_refused(ledger) -> None:
    case = Case(ledger)
    await case.publish()
    account, meter = await case.home()
    (installed,) = (await ledger.account(account))["installations"]
    soon = (utc_now() + timedelta(hours=3)).isoformat()
    of_meter = f"/v1/meters/{meter.meter_id}"
    asked = [
        (f"{of_meter}/edits", {"at": soon, "kind": "set", "register_wh": 5}),
        (f"{of_meter}/move-out", {"at": soon, "register_wh": 5}),
        (f"{of_meter}/swap", {"at": soon, "opening_wh": 0, "old_device": "a", "new_device": "b"}),
        (
            f"/v1/accounts/{account['id']}/installations",
            {"meter_id": case.meter().meter_id, "begins_at": soon, "opening_wh": 0},
        ),
    ]
    for path, body in asked:
        refused = await ledger.api.post(path, json=body | {"reason": "test"})
        assert refused.status_code == 409, refused.text
        assert "cannot have been read" in refused.json()["detail"]
    # Planned without a register it is taken, and said once it was read.
    await case.decide("POST", f"{of_meter}/move-out", at=soon)
    refused = await ledger.api.post(
        f"/v1/installations/{installed['id']}/registers",
        json={"opening_wh": 0, "closing_wh": 5, "reason": "test"},
    )
    assert refused.status_code == 409, refused.text


async def test_what_was_found_of_a_former_meter_holds_its_households_cut(ledger) -> None:
    case = Case(ledger, components=[STANDING])
    await case.publish()
    account, tenant = await case.account(), await case.account()
    terms = f"/v1/accounts/{account['id']}"
    assert (await ledger.api.patch(terms, json={"protected": True})).is_success
    meter = case.meter().serves(account, opening_wh=0)
    assert (await ledger.install(account, meter.meter_id)).is_success
    await case.read(meter, [*steady(2), (2 * DAY + 60, 10), (2 * DAY + 400, 11)])
    await case.settles(account)
    await case.move_out(meter, 4 * DAY, register_wh=12, next_account_id=tenant["id"])
    other = case.meter().serves(account, 4 * DAY)
    assert (await ledger.install(account, other.meter_id, begins_at=at(4 * DAY))).is_success
    # Both owe their standing charge since March; one is held for what nobody has looked at.
    await ledger.until_state(tenant, "disconnecting")
    held = await ledger.api.patch(terms, json={"protected": False})
    assert held.json()["supply_state"] == "pending"
    found = (await ledger.api.get(f"/v1/meters/{meter.meter_id}/findings")).json()["items"]
    stops = [each for each in found if each["stops_cut"]]
    assert stops
    waiting = (await ledger.api.get("/v1/findings", params={"limit": 1_000})).json()["items"]
    assert [
        {name: each[name] for name in stops[0]}
        for each in waiting
        if each["meter_id"] == meter.meter_id and each["account_ids"] == [account["id"]]
    ] == stops
    for each in stops:
        looked = {key: each[key] for key in ("check", "begin", "end", "before", "after")}
        path = f"/v1/meters/{meter.meter_id}/findings/seen"
        assert (await ledger.api.post(path, json=looked | {"reason": "test"})).is_success
    await ledger.until_state(account, "disconnecting")
    waiting = (await ledger.api.get("/v1/findings", params={"limit": 1_000})).json()["items"]
    assert meter.meter_id not in {each["meter_id"] for each in waiting}


async def test_a_version_that_somebody_cannot_be_charged_by_is_not_published(ledger) -> None:
    """It made every charge of the tariff's current period raise, on the day it was published."""
    case = Case(ledger, components=[STANDING])
    await case.publish()
    account, meter = await case.home()
    later = utc_now().date() + timedelta(days=3)
    body = case.documents[0] | {
        "valid_from": later.isoformat(), "components": [STANDING, CAPACITY],
    }  # fmt: skip
    sent = {"document": body, "reason": "test"}
    refused = await ledger.api.post("/v1/tariffs", json=sent)
    assert refused.status_code == 409, refused.text
    assert "capacity_va: 1 agreements" in refused.json()["detail"]
    (agreement,) = (await ledger.account(account))["agreements"]
    path = f"/v1/accounts/{account['id']}/agreements/{agreement['id']}/end"
    await case.decide("POST", path, end_day=later.isoformat())
    await case.publish(body)
    refused = await ledger.api.post(
        path, json={"end_day": (later + timedelta(days=1)).isoformat(), "reason": "test"}
    )
    assert (refused.status_code, "capacity_va" in refused.json()["detail"]) == (409, True)
    refused = await ledger.agree(account, tariff_code=case.code, first_day=later.isoformat())
    assert (refused.status_code, "capacity_va" in refused.json()["detail"]) == (409, True)
    # Who ends before is charged as ever.
    await case.read(meter, steady(3))
    case.agreed[account["id"]] = [Agreed(documents=case.documents[:1], end_day=later)]
    await case.settles(account)


async def test_a_tariff_may_begin_in_the_middle_of_a_period(ledger) -> None:
    case = Case(ledger, valid_from="2026-03-11", components=[STANDING, VAT])
    await case.publish()
    account = await ledger.open()
    refused = await ledger.agree(account, tariff_code=case.code, first_day="2026-03-10")
    assert refused.status_code == 409, refused.text
    answer = await ledger.agree(account, tariff_code=case.code, first_day="2026-03-11")
    assert answer.status_code == 201, answer.text
    meter = case.meter().serves(account, 11 * DAY)
    assert (await ledger.install(account, meter.meter_id, begins_at=at(11 * DAY))).is_success
    case.agreed[account["id"]] = [
        Agreed(documents=case.documents, first_day=utc_now().date().replace(month=3, day=11))
    ]
    await case.read(meter, steady(3, first=11 * DAY))
    await case.settles(account)
