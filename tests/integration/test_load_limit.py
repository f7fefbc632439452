"""A household whose class is limited instead of cut, end to end: real Kafka, Mosquitto and
PostgreSQL, the four services, and a simulated meter."""

from collections import Counter
from collections.abc import AsyncGenerator

import pytest
from world import MICRO, World, until

from prewatt_common.clock import utc_now
from prewatt_common.contracts.base import RelayState
from prewatt_simulator import ConstantLoad

pytestmark = pytest.mark.stack

CLASS = "limited_household"
LIMIT_W = 400
SIGNED = (
    "jurisdiction", "mode", "warning_micro", "overdraft_micro", "cut_micro", "contacts",
    "reconnection", "signed_at", "signed_by", "paper_reference", "paper_sha256",
)  # fmt: skip


@pytest.fixture(autouse=True)
async def calm(world: World) -> AsyncGenerator[None]:
    """What holds for the tests after this one is what holds for those before it."""
    yield
    await world.in_force({})


async def signs(world: World, account_id: str) -> None:
    """The household's agreement is of the class from now on."""
    path = f"/v1/accounts/{account_id}/prepay-agreement"
    (agreed,) = await world.items("prepay-ledger", f"{path}s")
    terms = {name: agreed[name] for name in SIGNED}
    body = terms | {
        "customer_class": CLASS, "valid_from": utc_now().isoformat(), "reason": "a test",
    }  # fmt: skip
    answer = await world.ledger.put(path, json=body)
    assert answer.status_code == 201, answer.text


async def test_an_exhausted_account_is_limited_and_a_payment_lifts_the_limit(world: World) -> None:
    await world.in_force({CLASS: {"load_limit_w": LIMIT_W}})
    home = world.household(balance_micro=2 * MICRO, low_balance_micro=MICRO)
    await world.register(home)
    account = await world.account(home.number)
    await signs(world, account["id"])
    async with world.fleet([home], load=ConstantLoad(wh=1_000)) as fleet:
        meter = fleet.meters[home.meter_id]
        for number in range(1, 5):
            at = world.instant(number)
            await fleet.publish_step(at=at)
            await fleet.drain()
            account = await world.settled(home, read_at=at)
        assert account["balance_micro"] <= 0
        await fleet.wait_relay(home.meter_id, RelayState.LIMITED, timeout=60)
        await world.in_state(home, "limited")
        assert (meter.limit_w, meter.import_wh) == (LIMIT_W, 4_000)
        said = await world.ledger.get(f"/v1/accounts/{account['id']}/supply/explanation")
        assert f"may use up to {LIMIT_W} W" in said.json()["text"]

        at = world.instant(5)
        await fleet.publish_step(at=at)
        await fleet.drain()
        account = await world.settled(home, read_at=at)
        used_wh = meter.import_wh - 4_000
        assert used_wh == LIMIT_W * meter.interval_s // 3_600 < 1_000

        await world.pay(home.number, 5 * MICRO)
        await fleet.wait_relay(home.meter_id, RelayState.CLOSED, timeout=60)
        await world.in_state(home, "connected")
        assert meter.limit_w is None

    decisions = await world.decisions(account["id"])
    assert [(d["state"], d["action"]) for d in decisions] == [
        ("warned", None),
        ("disconnecting", "limit"),
        ("limited", None),
        ("reconnecting", "reconnect"),
        ("connected", None),
    ]
    changes = await world.supply_changes(account["id"])
    assert [c.limit_w for c in changes] == [None, None, LIMIT_W, None, None]
    commands = await world.commands(account["id"])
    assert [(c["action"], c["status"], c["relay"]) for c in commands] == [
        ("reconnect", "succeeded", "closed"),
        ("limit", "succeeded", "limited"),
    ]
    (lifted,) = await world.items("prepay-ledger", "/v1/reconnections", account_id=account["id"])
    assert lifted["closed_at"] is not None
    assert lifted["load_at"] is None, "energy flowed all along: the meter's answer counts"
    await until(lambda: _told(world, account["id"]), what="both notices are delivered")
    await world.books_agree(account["id"])


async def _told(world: World, account_id: str) -> bool:
    notices = Counter(
        n["template"] for n in await world.notices(account_id) if n["status"] == "delivered"
    )
    return notices["supply-limited"] == notices["supply-on"] == 1
