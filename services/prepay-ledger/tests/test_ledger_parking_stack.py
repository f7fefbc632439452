"""A meter whose data raises, on real Kafka and PostgreSQL: set aside, released, and limited.

What raises is an edit of a kind that this release does not know, as a release that was taken back
would leave it. It is mended by taking the row away.
"""

import asyncio
import contextlib
import random

import httpx
import pytest

from prepay_ledger.charging.values import PARKED_MAX
from prepay_ledger.supply.replay import replay

pytestmark = pytest.mark.stack

KWH_MICRO = 2_000_000
ODD_WH = 9_000
ODD_KWH = ODD_WH // 1_000
FROM = "2026-03-01T{:02}:00:00Z"


@pytest.fixture(autouse=True)
async def nothing_stays_parked(ledger):
    """The tests share the ten places."""
    yield
    for meter_id in await parked(ledger):
        await mend(ledger, meter_id)
        assert (await release(ledger, meter_id)).status_code == 200


async def make_odd(ledger, meter_id):
    """The meter's next reading raises: whatever came has to be looked at for it."""
    await ledger.sql(
        "INSERT INTO reading_edit (id, meter_id, read_at, kind, decided_by, reason, at) "
        "VALUES (gen_random_uuid(), $1, now(), 'odd', 'a release', 'that is gone', now())",
        meter_id,
    )
    await ledger.sql(
        "UPDATE meter_state SET open_day = NULL, version = version + 1 WHERE meter_id = $1",
        meter_id,
    )


async def odd_household(ledger, **terms):
    """A household whose meter's next reading raises."""
    account = await ledger.open(**terms)
    meter_id = f"odd-{account['number']}"
    assert (await ledger.agree(account)).status_code == 201
    assert (await ledger.install(account, meter_id)).status_code == 201
    await make_odd(ledger, meter_id)
    return account, meter_id


async def mend(ledger, meter_id):
    await ledger.sql("DELETE FROM reading_edit WHERE meter_id = $1 AND kind = 'odd'", meter_id)


async def parked(ledger):
    answer = await ledger.api.get("/v1/parked-meters")
    assert answer.status_code == 200, answer.text
    return {each["meter_id"]: each for each in answer.json()["items"]}


async def release(ledger, meter_id, reason="mended"):
    path = f"/v1/parked-meters/{meter_id}/release"
    return await ledger.api.post(path, json={"reason": reason})


async def until_parked(ledger, *meter_ids, readings=1):
    async def there():
        found = await parked(ledger)
        return all(found.get(each, {}).get("readings") == readings for each in meter_ids)

    await ledger.until(there, what=f"{meter_ids} parked with {readings} readings")


async def command_of(ledger, account, action):
    async def there():
        commands = await ledger.newest(account, "commands")
        return next((c for c in commands if c["action"] == action), None)

    return await ledger.until(there, what=f"{action} of {account['number']}")


async def replayed(ledger, account):
    """The account's decisions, each decided again from what was stored with it."""
    decisions = await ledger.newest(account, "decisions")
    for stored in decisions:
        again = replay(stored["inputs"])
        assert (again.state, list(again.held)) == (stored["state"], stored["held"])
    return decisions


async def consuming(ledger):
    async with ledger.http() as client:
        return await client.get("/readyz/consume")


async def until_consuming(ledger):
    async def well():
        return (await consuming(ledger)).status_code == 200

    await ledger.until(well, what="it consumes")


async def steps(ledger, meter_id):
    """What people did with the meter, oldest first."""
    answer = await ledger.api.get("/v1/parked-meter-steps", params={"meter_id": meter_id})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"][::-1]


async def test_an_odd_meter_is_parked_and_released_and_stops_nobody(ledger):
    account, odd = await odd_household(ledger)
    good = f"m-{account['number']}"
    assert (await ledger.install(account, good)).status_code == 201
    await ledger.pay(account["number"], 3_000_000)
    other, meter_of_other = await ledger.household(paid_micro=1_000_000)
    await ledger.read_together((good, 15, 500), (odd, 15, ODD_WH), (meter_of_other, 15, 1_000))

    # The others of its batch are charged; one is cut, pays and is connected again.
    await ledger.until_balance(account, 2_000_000)
    await until_parked(ledger, odd)
    found = (await parked(ledger))[odd]
    assert found["error"].startswith("ValueError: 'odd' is not a valid EditKind")
    assert found["record"].startswith("meter.readings.v1/")
    cut = await command_of(ledger, other, "disconnect")
    await ledger.answer(cut)
    await ledger.until_state(other, "disconnected")
    await ledger.pay(other["number"], 9_000_000)
    await ledger.answer(await command_of(ledger, other, "reconnect"))
    await ledger.until_state(other, "connected")
    await until_consuming(ledger)

    # Its later readings are kept without being tried, a repeat once.
    await ledger.read((odd, 15, ODD_WH), (odd, 30, ODD_WH), (odd, 30, ODD_WH))
    await until_parked(ledger, odd, readings=2)
    # It is not cut, though nothing is left.
    await ledger.read((good, 30, 2_000))
    await ledger.until_state(account, "pending")
    assert (await ledger.account(account))["balance_micro"] == -1_000_000
    await asyncio.sleep(3)
    (held, *_) = await replayed(ledger, account)
    assert (held["held"], held["inputs"]["facts"]["parked_meters"]) == (["parked_meter"], 1)
    assert await ledger.newest(account, "commands") == []

    # Released before it is mended it raises again: all is as before, but for the note.
    refused = await release(ledger, odd, "to see")
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, "still-odd")
    assert found["error"].partition(":")[0] in refused.json()["detail"]
    assert (await parked(ledger))[odd]["readings"] == 2
    assert (await ledger.account(account))["balance_micro"] == -1_000_000

    await mend(ledger, odd)
    released = await release(ledger, odd)
    assert (released.status_code, released.json()) == (200, {"meter_id": odd, "readings": 2})
    assert odd not in await parked(ledger)
    charged = -1_000_000 - ODD_KWH * KWH_MICRO
    assert (await ledger.account(account))["balance_micro"] == charged
    commands = [await command_of(ledger, account, "disconnect")]
    assert {each["action"] for each in commands} == {"disconnect"}
    await ledger.read((odd, 45, ODD_WH + 1_000), (odd, 15, ODD_WH))
    await ledger.until_balance(account, charged - KWH_MICRO)
    again = await release(ledger, odd)
    assert (again.status_code, again.json()["type"].rpartition(":")[2]) == (404, "not-parked")
    still, done = await steps(ledger, odd)
    assert (still["outcome"], still["who"], still["reason"]) == ("still-odd", "test", "to see")
    assert still["detail"].startswith(found["error"].partition(":")[0])
    assert (done["outcome"], done["readings"], done["detail"]) == ("released", 2, "")
    await replayed(ledger, account)
    await ledger.sums_to_zero()


async def test_a_release_decides_the_supply_that_was_held_for_the_meter_alone(ledger):
    """Its readings change nothing: what was charged before stands higher."""
    account, odd = await odd_household(ledger)
    good = f"m-{account['number']}"
    assert (await ledger.install(account, good)).status_code == 201
    await ledger.read((odd, 15, ODD_WH))
    await until_parked(ledger, odd)
    await ledger.read((good, 15, 1_000))
    await ledger.until_state(account, "pending")
    await ledger.sql("DELETE FROM parked_reading WHERE meter_id = $1", odd)
    await ledger.read((odd, 15, 0))
    await until_parked(ledger, odd)
    await mend(ledger, odd)
    assert (await release(ledger, odd)).status_code == 200
    await command_of(ledger, account, "disconnect")


async def test_a_meter_whose_account_cannot_be_decided_on_is_parked_too(ledger):
    """A state that nobody knows: the charge is right, and the review after it raises."""
    account, meter_id = await ledger.household(paid_micro=3_000_000)
    other, meter_of_other = await ledger.household(paid_micro=3_000_000)
    set_state = "UPDATE account SET supply_state = $1 WHERE id = $2"
    await ledger.sql(set_state, "odd", account["id"])
    await ledger.read_together((meter_id, 15, 500), (meter_of_other, 15, 500))
    await ledger.until_balance(other, 2_000_000)
    assert await parked(ledger) == {}
    await ledger.read_together((meter_id, 30, 4_000), (meter_of_other, 30, 1_000))
    await ledger.until_balance(other, 1_000_000)
    await until_parked(ledger, meter_id)
    assert (await release(ledger, meter_id)).status_code == 409
    await ledger.sql(set_state, "connected", account["id"])
    assert (await release(ledger, meter_id)).status_code == 200
    assert (await ledger.account(account))["balance_micro"] == -5_000_000
    await command_of(ledger, account, "disconnect")


async def test_the_eleventh_stops_all_and_nothing_of_its_batch_is_parked(ledger):
    homes = [await odd_household(ledger) for _ in range(PARKED_MAX + 1)]
    *ten, (last, eleventh) = homes
    innocent, good = await ledger.household(paid_micro=5_000_000)
    # All at once: none is parked, not even those that there are places for.
    await ledger.read_together((good, 15, 100), *((meter_id, 15, ODD_WH) for _, meter_id in homes))

    async def stopped():
        answer = await consuming(ledger)
        return answer.status_code == 503 and "a defect at meter.readings.v1" in answer.text

    await ledger.until(stopped, what="it stopped")
    assert await parked(ledger) == {}
    assert (await ledger.account(innocent))["balance_micro"] == 5_000_000
    # Money goes on.
    assert (await ledger.pay(innocent["number"], 1_000_000)).is_success
    await mend(ledger, eleventh)
    await until_parked(ledger, *(meter_id for _, meter_id in ten))
    await ledger.until_balance(innocent, 6_000_000 - KWH_MICRO // 10)
    await ledger.until_balance(last, -ODD_KWH * KWH_MICRO)
    await until_consuming(ledger)

    # Ten are parked, and one more comes.
    (more, one_more) = await odd_household(ledger)
    await ledger.read_together((good, 30, 200), (one_more, 15, ODD_WH))
    await ledger.until(stopped, what="it stopped again")
    assert len(await parked(ledger)) == PARKED_MAX
    assert (await ledger.account(innocent))["balance_micro"] == 6_000_000 - KWH_MICRO // 10
    # A place that is freed is as good as a release that mends it.
    await mend(ledger, ten[0][1])
    assert (await release(ledger, ten[0][1])).status_code == 200
    await until_parked(ledger, one_more)
    await ledger.until_balance(innocent, 6_000_000 - KWH_MICRO // 5)
    await until_consuming(ledger)
    assert (await ledger.account(more))["balance_micro"] == 0
    await ledger.sums_to_zero()


async def test_people_may_decide_about_a_parked_meter(ledger):
    """What had come before it was parked follows their decision; what waits follows at the
    release."""
    account, meter_id = await ledger.household(paid_micro=3_000_000)
    path = f"/v1/meters/{meter_id}/move-out"
    ended = {"at": FROM.format(10), "register_wh": ODD_WH, "reason": "test"}
    before = (await ledger.sums_to_zero())["unbound_readings"]
    assert (await ledger.api.post(path, json=ended)).status_code == 200
    # Of months ago: what people find to be owed there is a debt.
    assert await ledger.worth(account) == 3_000_000 - ODD_KWH * KWH_MICRO
    await ledger.read((meter_id, 20 * 60, ODD_WH + 1_000))

    async def unbound():
        return (await ledger.sums_to_zero())["unbound_readings"] == before + 1

    await ledger.until(unbound, what="it has no installation")
    await make_odd(ledger, meter_id)
    await ledger.read((meter_id, 22 * 60, ODD_WH + 3_000))
    await until_parked(ledger, meter_id)
    tenant = await ledger.open()
    assert (await ledger.agree(tenant)).status_code == 201
    install = {"begins_at": FROM.format(12), "opening_wh": ODD_WH}
    # As long as its data raises it raises for people as well, and nothing is done by half. The
    # connection is gone with such an answer.
    async with ledger.http("ledger:write") as client:
        answer = await client.post(
            f"/v1/accounts/{tenant['id']}/installations",
            json={"meter_id": meter_id, "reason": "test"} | install,
        )
    assert answer.status_code == 500
    assert (await ledger.account(tenant))["installations"] == []
    await mend(ledger, meter_id)
    assert (await ledger.install(tenant, meter_id, **install)).status_code == 201
    assert (await ledger.account(tenant))["balance_micro"] == -KWH_MICRO
    assert (await release(ledger, meter_id)).json()["readings"] == 1
    assert (await ledger.account(tenant))["balance_micro"] == -3 * KWH_MICRO
    assert await ledger.worth(account) == 3_000_000 - ODD_KWH * KWH_MICRO
    assert (await ledger.sums_to_zero())["unbound_readings"] == before


async def test_a_parked_meter_that_moves_is_charged_to_both_once_it_is_released(ledger):
    account, odd = await odd_household(ledger)
    await ledger.read((odd, 60, ODD_WH))
    await until_parked(ledger, odd)
    await ledger.read((odd, 20 * 60, ODD_WH + 1_000))
    await until_parked(ledger, odd, readings=2)
    await mend(ledger, odd)
    tenant = await ledger.open()
    assert (await ledger.agree(tenant)).status_code == 201
    ended = {
        "at": FROM.format(12),
        "register_wh": ODD_WH,
        "next_account_id": tenant["id"],
        "reason": "moved out",
    }
    moved = await ledger.api.post(f"/v1/meters/{odd}/move-out", json=ended)
    assert [each["opening_wh"] for each in moved.json()] == [0, ODD_WH], moved.text
    # The register that a person read is charged, what is parked is not.
    assert (await ledger.account(tenant))["balance_micro"] == 0
    assert await ledger.worth(account) == -ODD_KWH * KWH_MICRO
    assert (await release(ledger, odd)).json()["readings"] == 2
    assert (await ledger.account(tenant))["balance_micro"] == -KWH_MICRO
    assert await ledger.worth(account) == -ODD_KWH * KWH_MICRO
    await ledger.sums_to_zero()


@pytest.mark.timeout(280)
async def test_killed_at_any_moment_it_is_parked_once_and_released_once(ledger):
    chance = random.Random(11)
    for _ in range(4):
        account, odd = await odd_household(ledger)
        homes = [await ledger.household(paid_micro=5_000_000) for _ in range(20)]
        await ledger.read_together(
            *((meter_id, 15, 100) for _, meter_id in homes[:10]),
            (odd, 15, ODD_WH),
            *((meter_id, 15, 100) for _, meter_id in homes[10:]),
        )
        await asyncio.sleep(chance.uniform(0, 0.3))
        await asyncio.to_thread(ledger.stack.kill, "prepay-ledger")
        # Undone or done as a whole, whichever it was.
        found = await ledger.sql("SELECT count(*) FROM parked_reading WHERE meter_id = $1", odd)
        charged = await ledger.sql(
            "SELECT count(*) FROM charge_state "
            "WHERE account_id = ANY($1::uuid[]) AND posted_micro > 0",
            [home["id"] for home, _ in homes],
        )
        assert (found[0][0], charged[0][0]) in {(0, 0), (1, 20)}
        await asyncio.to_thread(ledger.stack.start, "prepay-ledger")
        await until_parked(ledger, odd)
        for home, _ in homes:
            await ledger.until_balance(home, 5_000_000 - KWH_MICRO // 10)
        await mend(ledger, odd)
        releasing = asyncio.create_task(release(ledger, odd))
        await asyncio.sleep(chance.uniform(0, 0.06))
        await asyncio.to_thread(ledger.stack.kill, "prepay-ledger")
        with contextlib.suppress(httpx.TransportError):
            await releasing
        await asyncio.to_thread(ledger.stack.start, "prepay-ledger")
        assert (await release(ledger, odd)).status_code in (200, 404)
        assert odd not in await parked(ledger)
        await ledger.until_balance(account, -ODD_KWH * KWH_MICRO)
        assert [each["outcome"] for each in await steps(ledger, odd)] == ["released"]
    await ledger.sums_to_zero()
