"""What people put right afterwards, end to end: charged anew on the spot, and billing agrees."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from expected import CALENDAR
from test_main_loop import KWH_A_STEP, step
from test_main_loop_readings import found, say
from world import MICRO, World, until

from prewatt_cli.utility import CURRENCY, TIMEZONE
from prewatt_common.contracts.base import RelayState
from prewatt_metering.calendar.instants import us_of
from prewatt_simulator import ConstantLoad, Fleet
from prewatt_simulator.inventory import Household

pytestmark = pytest.mark.stack


async def test_a_reset_stops_the_cut_until_a_person_says_what_it_was(world: World) -> None:
    home = world.household(balance_micro=2 * MICRO, opening_wh=500_000)
    await world.register(home)
    async with world.fleet([home], load=KWH_A_STEP, start_wh=500_000) as fleet:
        await _reset(world, fleet, home)
        account = await world.in_state(home, "pending", "disconnecting", "disconnected")
        assert account["supply_state"] == "pending"
        assert await world.commands(account["id"]) == []
        await _say_that_it_was_swapped(world, home)
        await fleet.wait_relay(home.meter_id, RelayState.OPEN, timeout=60)


async def test_a_finding_that_a_person_has_seen_holds_no_cut(world: World) -> None:
    home = world.household(balance_micro=2 * MICRO, opening_wh=500_000)
    await world.register(home)
    async with world.fleet([home], load=KWH_A_STEP, start_wh=500_000) as fleet:
        account = await _reset(world, fleet, home)
        await world.in_state(home, "pending")
        (decision, *_) = (await world.decisions(account["id"]))[::-1]
        assert decision["held"] == ["untrusted_readings"]
        (finding,) = await world.findings(home.meter_id)
        named = {key: finding[key] for key in ("check", "begin", "end", "before", "after")}
        seen = f"/v1/meters/{home.meter_id}/findings/seen"
        other = named | {"after": 7, "reason": "another"}
        assert (await world.ledger.post(seen, json=other)).status_code == 404
        answer = await world.ledger.post(seen, json=named | {"reason": "a test of the display"})
        assert answer.status_code == 204, answer.text
        await fleet.wait_relay(home.meter_id, RelayState.OPEN, timeout=60)
    await found(world, home, ("reset", 501_000, 0, True))
    await world.books_agree(account["id"])


async def test_a_reset_charges_nothing_and_a_swap_told_late_puts_it_right(world: World) -> None:
    home = world.household(balance_micro=50 * MICRO, opening_wh=500_000)
    await world.register(home)
    async with world.fleet([home], load=KWH_A_STEP, start_wh=500_000) as fleet:
        account = await _reset(world, fleet, home)
    # One kilowatt-hour before and three after it: the step itself charges nothing.
    assert account["balance_micro"] == 50 * MICRO - 4 * 551_200
    await _say_that_it_was_swapped(world, home)
    await found(world, home)
    account = await world.account(home.number)
    assert worth_micro(account) == 50 * MICRO - 4 * 551_200 - 551_200 // 2
    assert len(account["installations"]) == 2
    await world.books_agree(account["id"])


def worth_micro(account: dict[str, Any]) -> int:
    """The balance less debts: the world's readings are of months ago, so what people add to bills
    is owed apart."""
    return account["balance_micro"] + account["sub_balances_micro"].get("debt", 0)


async def _reset(world: World, fleet: Fleet, home: Household) -> dict[str, Any]:
    """A kilowatt-hour from 500 on, then a register that begins at 0 and counts three."""
    await world.settled(home, read_at=await step(world, fleet, 1))
    for number in range(4):
        await say(world, fleet, home, 2 + number, 1_000 * number)
    account = await world.settled(home, read_at=world.instant(5))
    await found(world, home, ("reset", 501_000, 0, True))
    return account


async def _say_that_it_was_swapped(world: World, home: Household) -> None:
    """For another device; the old one had counted half a kilowatt-hour more."""
    swap = {
        "at": world.instant(2).isoformat(),
        "closing_wh": 501_500,
        "opening_wh": 0,
        "old_device": "old",
        "new_device": "new",
        "reason": "a new meter, told late",
    }
    await world.tell_ledger(f"/v1/meters/{home.meter_id}/swap", swap)


async def test_a_leap_charges_nothing_and_a_person_puts_it_right(world: World) -> None:
    home = world.household(balance_micro=50 * MICRO)
    await world.register(home)
    async with world.fleet([home], load=KWH_A_STEP) as fleet:
        await step(world, fleet, 1)
        await say(world, fleet, home, 2, 900_000)
        await say(world, fleet, home, 3, 901_000)
        account = await world.settled(home, read_at=world.instant(3))
        await found(world, home, ("implausible", 1_000, 900_000, True))
        assert account["balance_micro"] == 50 * MICRO - 2 * 551_200
        for number, import_wh in ((2, 2_000), (3, 3_000)):
            edit = {
                "at": world.instant(number).isoformat(),
                "kind": "set",
                "register_wh": import_wh,
                "reason": "read by hand",
            }
            await world.tell_ledger(f"/v1/meters/{home.meter_id}/edits", edit)
        await found(world, home)
    edits = await world.items("prepay-ledger", f"/v1/meters/{home.meter_id}/edits")
    assert [(each["register_wh"], each["reason"]) for each in edits] == [
        (2_000, "read by hand"),
        (3_000, "read by hand"),
    ]
    account = await world.account(home.number)
    assert worth_micro(account) == 50 * MICRO - 3 * 551_200
    await world.books_agree(account["id"])


async def test_what_we_got_wrong_is_owed_apart_paid_by_top_ups_and_billing_agrees(
    world: World,
) -> None:
    home = world.household(balance_micro=50 * MICRO)
    await world.register(home)
    async with world.fleet([home], load=KWH_A_STEP) as fleet:
        await step(world, fleet, 1)
        before = await world.settled(home, read_at=await step(world, fleet, 2))
    edit = {
        "at": world.instant(2).isoformat(),
        "kind": "set",
        "register_wh": 3_000,
        "our_fault": True,
        "reason": "we had typed another meter's register",
    }
    await world.tell_ledger(f"/v1/meters/{home.meter_id}/edits", edit)
    account = await world.account(home.number)
    assert account["balance_micro"] == before["balance_micro"]
    (debt,) = await world.items("prepay-ledger", "/v1/debts", account_id=account["id"])
    assert (debt["left_micro"], debt["our_fault"]) == (551_200, True)
    await world.books_agree(account["id"])
    plan = {"topup_share_ppm": 500_000, "reason": "agreed by telephone"}
    answer = await world.ledger.put(f"/v1/debts/{debt['id']}/plan", json=plan)
    assert answer.status_code == 200, answer.text
    assert (await world.pay(home.number, MICRO)).is_success
    account = await world.account(home.number)
    assert account["balance_micro"] == before["balance_micro"] + MICRO // 2
    assert account["sub_balances_micro"]["debt"] == MICRO // 2 - 551_200
    await world.books_agree(account["id"])


async def test_a_move_out_that_is_told_late_charges_each_for_what_it_used(world: World) -> None:
    old, new = (world.household(balance_micro=50 * MICRO) for _ in range(2))
    await world.register(old, new)
    async with world.fleet([old], load=KWH_A_STEP) as fleet:
        for number in range(1, 9):
            at = await step(world, fleet, number)
        await world.settled(old, read_at=at)
    next_account = await world.account(new.number)
    move = {
        "at": world.instant(3).isoformat(),
        "register_wh": 3_000,
        "next_account_id": next_account["id"],
        "reason": "told a week late",
    }
    await world.tell_ledger(f"/v1/meters/{old.meter_id}/move-out", move)
    accounts = [await world.account(home.number) for home in (old, new)]
    assert [worth_micro(each) for each in accounts] == [
        50 * MICRO - 3 * 551_200,
        50 * MICRO - 5 * 551_200,
    ]
    await world.books_agree(*(each["id"] for each in accounts))


async def test_another_tariff_begins_on_its_day(world: World) -> None:
    """Two days of 24 kWh, the first flat and the second in blocks."""
    home = world.household(balance_micro=50 * MICRO)
    await world.register(home)
    account_id = (await world.account(home.number))["id"]
    second = CALENDAR.day_of(us_of(world.instant(97)))
    chosen = {
        "tariff_code": "energy-blocks",
        "first_day": second.isoformat(),
        "reason": "the customer chose it",
    }
    await world.tell_ledger(f"/v1/accounts/{account_id}/agreements", chosen)
    async with world.fleet([home], load=ConstantLoad(wh=250)) as fleet:
        for number in range(1, 193):
            at = await step(world, fleet, number)
        account = await world.settled(home, read_at=at)
    ended, running = sorted(account["agreements"], key=lambda each: each["first_day"])
    assert (ended["end_day"], running["end_day"]) == (second.isoformat(), None)
    charged = {
        each["agreement_id"]: (each["tariff_code"], each["energy_wh"])
        for each in await world.charges(account_id)
        if each["energy_wh"]
    }
    assert charged == {
        ended["id"]: ("energy-flat", 24_000),
        running["id"]: ("energy-blocks", 24_000),
    }
    net_micro = (24 * 520_000, 24 * 488_300)
    tax_micro = (748_800, 703_152)
    assert account["balance_micro"] == 50 * MICRO - sum(net_micro) - sum(tax_micro)
    await world.books_agree(account_id)


async def test_a_price_that_was_typed_wrongly_is_put_right_and_billing_agrees(
    world: World,
) -> None:
    """Through a preview and two people; who is read meanwhile is read on."""
    code = f"typed-{uuid4().hex[:8]}"
    wrong = flat(code, 5_512_000)
    await world.tell_ledger("/v1/tariffs", {"document": wrong, "reason": "a test"})
    homes = [
        world.household(balance_micro=micro * MICRO, tariff_code=code) for micro in (9, 50, 50, 50)
    ]
    await world.register(*homes)
    async with world.fleet(homes, load=KWH_A_STEP) as fleet:
        await step(world, fleet, 1)
        accounts = [await used(world, home, 1, 5_512_000) for home in homes]
        draft = {"document": flat(code, 9_512_000), "reason": "a price was typed wrongly"}
        run = await world.tell_ledger("/v1/corrections", draft)
        path = f"/v1/corrections/{run['id']}"
        shown = await until(lambda: state_of(world, path, "previewed"), what="its preview")
        assert shown["preview"] | {"made_at": ""} == {
            "accounts": 4, "dearer": 4, "cheaper": 0, "difference_micro": 16 * MICRO,
            "apart_micro": 0, "newly_negative": 1, "needs_second_person": True, "made_at": "",
        }  # fmt: skip
        (poor,) = await world.items("prepay-ledger", f"{path}/accounts", newly_negative="true")
        assert (poor["number"], poor["new_balance_micro"]) == (homes[0].number, -512_000)
        answer = await world.ledger.post(f"{path}/release", json={"reason": "seen"})
        assert answer.status_code == 403, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"].endswith("needs-second-person")
        token = world.target.token(
            scopes=["ledger:write"], lifetime=timedelta(hours=1), subject="somebody else"
        )
        answer = await world.ledger.post(
            f"{path}/release",
            json={"reason": "seen"},
            headers={"authorization": f"Bearer {token}"},
        )
        assert answer.status_code == 200, answer.text
        await step(world, fleet, 2)
        done = await until(lambda: state_of(world, path, "done"), what="it is carried out")
        assert (done["correction"], done["agreements_left"]) == (1, 0)
        assert done["released"]["by"] == "somebody else"
        # The poor one's relay may have opened before its meter was read again.
        accounts = [accounts[0], *[await used(world, home, 2, 9_512_000) for home in homes[1:]]]
    for account in accounts:
        entries = await world.items("prepay-ledger", f"/v1/accounts/{account['id']}/entries")
        mine = [each for each in entries if each["source"] == f"correction/{run['id']}"]
        assert sum(each["amount_micro"] for each in mine) in (-4 * MICRO, -8 * MICRO)
        await world.books_agree(account["id"])


def flat(code: str, micro_per_kwh: int) -> dict[str, Any]:
    """A tariff of one price and nothing else."""
    return {
        "code": code,
        "valid_from": "2020-01-01",
        "currency": CURRENCY,
        "timezone": TIMEZONE,
        "components": [
            {"kind": "energy", "name": "energy", "micro_per_kwh": {"all": micro_per_kwh}}
        ],
    }


async def state_of(world: World, path: str, state: str) -> dict[str, Any] | None:
    """The correction run, once it is in that state."""
    run = (await world.ledger.get(path)).json()
    return run if run["state"] == state else None


async def used(world: World, home: Household, kwh: int, price_micro: int) -> dict[str, Any]:
    """The account, once it has paid for so much."""

    async def there() -> dict[str, Any] | None:
        account = await world.account(home.number)
        paid = home.balance_micro - worth_micro(account)
        return account if paid == kwh * price_micro else None

    return await until(there, what=f"{home.number} has paid for {kwh} kWh")
