"""Every relay where it should be: what ended wrong before, on real Kafka and PostgreSQL."""

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from typing import Any

import pytest
from ledger_cases import at
from ledger_law import ALL_IS_NEW

from prewatt_common.clock import utc_now
from prewatt_common.contracts.base import CommandStatus, Presence, RelayState
from prewatt_common.contracts.meter_events_v1 import MeterPresenceChanged, MeterReported
from prewatt_common.contracts.mqtt_v1 import MqttEventKind

pytestmark = pytest.mark.stack
Account = dict[str, Any]


async def command_of(ledger: Any, account: Account, action: str, above: int = 0) -> Account:
    async def there() -> Account | None:
        commands = await ledger.newest(account, "commands")
        return next((c for c in commands if c["action"] == action and c["sequence"] > above), None)

    return await ledger.until(there, what=f"{action} of {account['number']}")


async def is_cut(ledger: Any, **terms: Any) -> tuple[Account, str, Account]:
    """A household that has used what it had and whose relay is open; its cut."""
    account, meter_id = await ledger.household(paid_micro=1_000_000, **terms)
    await ledger.read((meter_id, 15, 1_000))
    cut = await command_of(ledger, account, "disconnect")
    await ledger.answer(cut)
    await ledger.until_state(account, "disconnected")
    return account, meter_id, cut


async def test_a_new_tenant_behind_an_open_relay_gets_supply_with_the_first_money(
    ledger: Any,
) -> None:
    _, meter_id, cut = await is_cut(ledger)
    tenant = await ledger.open()
    await ledger.agree(tenant)
    moved = await ledger.api.post(
        f"/v1/meters/{meter_id}/move-out",
        json={
            "at": at(20),
            "register_wh": 1_000,
            "next_account_id": tenant["id"],
            "reason": "moved",
        },
    )
    assert moved.status_code == 200, moved.text
    await ledger.pay(tenant["number"], 5_000_000)
    back = await command_of(ledger, tenant, "reconnect")
    assert back["sequence"] > cut["sequence"]
    await ledger.answer(back)
    await ledger.until_state(tenant, "connected")


async def test_who_has_paid_before_moving_in_gets_supply_by_moving_in(ledger: Any) -> None:
    _, meter_id, _ = await is_cut(ledger)
    tenant = await ledger.open()
    await ledger.agree(tenant)
    await ledger.pay(tenant["number"], 5_000_000)
    await ledger.api.post(
        f"/v1/meters/{meter_id}/move-out",
        json={
            "at": at(20),
            "next_account_id": tenant["id"],
            "reason": "moved",
        },
    )
    await ledger.answer(await command_of(ledger, tenant, "reconnect"))
    await ledger.until_state(tenant, "connected")


async def test_who_is_to_move_in_gets_supply_at_that_instant(ledger: Any) -> None:
    """Nothing is heard, paid or decided then: the clock alone makes it due."""
    _, meter_id, _ = await is_cut(ledger)
    out = await ledger.api.post(
        f"/v1/meters/{meter_id}/move-out", json={"at": at(20), "reason": "moved"}
    )
    assert out.status_code == 200, out.text
    tenant = await ledger.open()
    await ledger.agree(tenant)
    await ledger.pay(tenant["number"], 5_000_000)
    begins_at = utc_now() + timedelta(seconds=3)
    assert (await ledger.install(tenant, meter_id, begins_at=begins_at.isoformat())).is_success
    assert await ledger.newest(tenant, "commands") == []
    back = await command_of(ledger, tenant, "reconnect")
    assert _instant(back["issued_at"]) >= begins_at
    await ledger.answer(back)
    await ledger.until_state(tenant, "connected")


async def test_a_meter_swapped_while_cut_is_cut_again(ledger: Any) -> None:
    account, meter_id, cut = await is_cut(ledger)
    swapped = await ledger.api.post(
        f"/v1/meters/{meter_id}/swap",
        json={
            "at": utc_now().isoformat(),
            "closing_wh": 1_000,
            "opening_wh": 0,
            "old_device": "A1",
            "new_device": "B2",
            "reason": "broken",
        },
    )
    assert swapped.status_code == 200, swapped.text
    again = await command_of(ledger, account, "disconnect", above=cut["sequence"])
    assert (await ledger.account(account))["supply_state"] == "disconnecting"
    await ledger.answer(again)
    await ledger.until_state(account, "disconnected")


async def test_money_that_comes_between_two_meters_waits_for_nothing(ledger: Any) -> None:
    account, meter_id, _ = await is_cut(ledger)
    ended = await ledger.api.post(
        f"/v1/meters/{meter_id}/move-out",
        json={"at": at(20), "reason": "taken down"},
    )
    assert ended.status_code == 200, ended.text
    await ledger.until_state(account, "pending")
    await ledger.pay(account["number"], 5_000_000)
    await ledger.until_state(account, "connected")
    other = f"{meter_id}-b"
    begins_at = at(30)
    await ledger.install(account, other, begins_at=begins_at)
    assert (await ledger.account(account))["supply_state"] == "connected"
    commands = await ledger.newest(account, "commands")
    assert [each["action"] for each in commands] == ["disconnect"]


async def test_a_correction_that_lifts_the_balance_brings_supply_back(ledger: Any) -> None:
    account, meter_id, _ = await is_cut(ledger)
    edited = await ledger.api.post(
        f"/v1/meters/{meter_id}/edits",
        json={
            "at": at(15),
            "kind": "set",
            "register_wh": 10,
            "reason": "misread",
        },
    )
    assert edited.status_code == 201, edited.text
    await ledger.answer(await command_of(ledger, account, "reconnect"))
    await ledger.until_state(account, "connected")


async def test_emergency_credit_that_comes_while_the_cut_is_under_way_ends_it(
    ledger: Any,
) -> None:
    account, meter_id = await ledger.household(paid_micro=1_000_000)
    await ledger.read((meter_id, 15, 1_000))
    cut = await command_of(ledger, account, "disconnect")
    granted = await ledger.api.patch(
        f"/v1/accounts/{account['id']}", json={"overdraft_micro": 5_000_000}
    )
    assert granted.json()["supply_state"] == "reconnecting"
    back = await command_of(ledger, account, "reconnect", above=cut["sequence"])
    # The cut was made before the newer command came; then that one was carried out.
    await ledger.answer(cut)
    await ledger.answer(back)
    await ledger.until_state(account, "warned")


@pytest.fixture
async def cuts_live_ten_seconds(ledger: Any) -> AsyncGenerator[None]:
    """The least that a policy may say, so that nobody waits for a minute."""
    await ledger.in_force({"default": ALL_IS_NEW | {"commands": {"cut_lifetime_s": 10}}})
    yield
    await ledger.in_force({"default": ALL_IS_NEW})


async def test_a_cut_lives_for_a_minute_unless_told_otherwise(ledger: Any) -> None:
    _, _, cut = await is_cut(ledger)
    assert _lifetime(cut) == timedelta(seconds=60)


@pytest.mark.usefixtures("cuts_live_ten_seconds")
async def test_a_lost_command_is_issued_anew_until_it_is_answered(ledger: Any) -> None:
    account, meter_id = await ledger.household(paid_micro=1_000_000)
    await ledger.read((meter_id, 15, 1_000))
    cut = await command_of(ledger, account, "disconnect")
    assert _lifetime(cut) == timedelta(seconds=10)
    # The gateway has sent it, and the meter does not answer.
    await ledger.answer(cut, status=CommandStatus.SENT)

    async def is_sent() -> bool:
        return bool(
            await ledger.sql(
                "SELECT FROM relay WHERE meter_id = $1 AND sent_at IS NOT NULL", meter_id
            )
        )

    await ledger.until(is_sent, what="the ledger hears that it was sent")
    again = await command_of(ledger, account, "disconnect", above=cut["sequence"])
    # A cut is over before an answer to it is.
    waited = _instant(again["issued_at"]) - _instant(cut["issued_at"])
    assert timedelta(seconds=10) <= waited < timedelta(seconds=25)
    # The answer to the first was under way for long: it is the truth all the same.
    await ledger.answer(cut)
    await ledger.answer(again)
    await ledger.until_state(account, "disconnected")


def _lifetime(command: Account) -> timedelta:
    return _instant(command["expires_at"]) - _instant(command["issued_at"])


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_a_relay_that_is_moved_by_hand_is_brought_back(ledger: Any) -> None:
    account, meter_id, cut = await is_cut(ledger)
    moved = MeterReported(
        meter_id=meter_id,
        kind=MqttEventKind.RELAY_MOVED_BY_HAND,
        at=utc_now(),
        relay=RelayState.CLOSED,
    )
    await ledger.publish([moved])
    again = await command_of(ledger, account, "disconnect", above=cut["sequence"])
    await ledger.answer(again)
    await ledger.until_state(account, "disconnected")
    assert await orders_of(ledger, meter_id) == ["relay_moved_by_hand"]


async def _goes(ledger: Any, meter_id: str, at: datetime) -> None:
    """The meter is away, and the ledger knows it."""
    await ledger.publish([_presence(meter_id, Presence.OFFLINE, at)])
    away = "SELECT FROM meter_presence WHERE meter_id = $1 AND presence = 'offline'"

    async def is_away() -> bool:
        return bool(await ledger.sql(away, meter_id))

    await ledger.until(is_away, what=f"{meter_id} is away")


async def test_a_meter_that_has_vanished_is_cut_on_what_it_tells_once_it_is_back(
    ledger: Any,
) -> None:
    account, meter_id = await ledger.household(paid_micro=1_000_000)
    now = utc_now()
    await _goes(ledger, meter_id, now - timedelta(minutes=5))
    await ledger.read((meter_id, 15, 1_000))
    held = await ledger.until_state(account, "pending")
    assert held["balance_micro"] == -1_000_000
    assert (await ledger.newest(account, "decisions"))[0]["held"] == ["meter_is_away"]
    await ledger.publish([_presence(meter_id, Presence.ONLINE, now)])

    async def looked() -> bool:
        rows = await ledger.sql("SELECT back_at FROM meter_presence WHERE meter_id = $1", meter_id)
        return rows[0]["back_at"] is not None

    await ledger.until(looked, what=f"{meter_id} is back")
    assert await ledger.newest(account, "commands") == []
    # Money comes before it has told anything: nothing was ever asked of it.
    await ledger.pay(account["number"], 5_000_000)
    await ledger.until_state(account, "connected")
    assert await ledger.newest(account, "commands") == []


async def test_a_reconnection_waits_for_a_meter_that_is_away(ledger: Any) -> None:
    account, meter_id, _ = await is_cut(ledger)
    await _goes(ledger, meter_id, utc_now())
    await ledger.pay(account["number"], 5_000_000)
    back = await command_of(ledger, account, "reconnect")
    lived = _instant(back["expires_at"]) - _instant(back["issued_at"])
    assert lived == timedelta(hours=24)
    (looked_at,) = await ledger.sql(
        "SELECT recheck_at FROM account WHERE id = $1::text::uuid", account["id"]
    )
    assert looked_at["recheck_at"] == _instant(back["expires_at"])


async def test_a_relay_that_refuses_is_given_up_and_tried_again_when_it_is_heard_of(
    ledger: Any,
) -> None:
    account, meter_id, cut = await is_cut(ledger)
    await ledger.pay(account["number"], 5_000_000)
    back = await command_of(ledger, account, "reconnect")
    # As after many failures; the last comes now.
    await ledger.sql("UPDATE relay SET failures = 7 WHERE meter_id = $1", meter_id)
    await ledger.answer(back, status=CommandStatus.FAILED)

    async def given_up() -> bool:
        rows = await ledger.sql(
            "SELECT failures FROM relay WHERE meter_id = $1 AND command_id IS NULL", meter_id
        )
        return bool(rows) and rows[0]["failures"] == 8

    await ledger.until(given_up, what=f"{meter_id} is given up")
    assert (await ledger.account(account))["supply_state"] == "reconnecting"
    assert await orders_of(ledger, meter_id) == ["relay_does_not_answer"]
    for presence in (Presence.OFFLINE, Presence.ONLINE):
        await ledger.publish([_presence(meter_id, presence, utc_now())])
    again = await command_of(ledger, account, "reconnect", above=back["sequence"])
    await ledger.answer(again)
    await ledger.until_state(account, "connected")
    assert back["sequence"] > cut["sequence"]
    assert await orders_of(ledger, meter_id) == []


async def test_a_reconnection_is_followed_from_the_money_to_the_closed_relay(ledger: Any) -> None:
    account, meter_id, _ = await is_cut(ledger)
    await ledger.pay(account["number"], 5_000_000)
    await ledger.answer(await command_of(ledger, account, "reconnect"))
    await ledger.until_state(account, "connected")
    listed = await ledger.api.get("/v1/reconnections", params={"account_id": account["id"]})
    (found,) = [each for each in listed.json()["items"] if each["meter_id"] == meter_id]
    assert found["cause"] == "payment"
    assert found["caused_at"] <= found["issued_at"] <= found["closed_at"]


async def test_nobody_is_cut_without_a_signed_agreement(ledger: Any) -> None:
    account, meter_id = await ledger.household(paid_micro=1_000_000, prepay_agreement=None)
    await ledger.read((meter_id, 15, 1_000))
    await ledger.until_state(account, "pending")
    assert (await ledger.newest(account, "decisions"))[0]["held"] == ["no_agreement"]
    assert await ledger.newest(account, "commands") == []
    path = f"/v1/accounts/{account['id']}/supply/explanation"
    said = (await ledger.api.get(path, params={"language": "zh-CN"})).json()
    assert [each["rule"] for each in said["holds"]] == ["no_agreement"]
    assert "尚未签订预付费协议" in said["text"]
    assert (await ledger.api.get(path, params={"language": "fr"})).status_code == 422
    nobody = "/v1/accounts/00000000-0000-0000-0000-000000000000/supply/explanation"
    assert (await ledger.api.get(nobody)).status_code == 404


async def test_an_operator_holds_cuts_and_never_a_reconnection(
    ledger: Any,
) -> None:
    """Cuts only: whoever pays is reconnected."""
    account, meter_id, _ = await is_cut(ledger)
    other, other_meter = await ledger.household(paid_micro=1_000_000)
    held = await ledger.api.post("/v1/cut-holds", json={"scope": "all", "reason": "storm"})
    assert held.status_code == 201, held.text
    try:
        await ledger.read((other_meter, 15, 1_000))
        await ledger.until_state(other, "pending")
        assert (await ledger.newest(other, "decisions"))[0]["held"] == ["operators"]
        await ledger.pay(account["number"], 5_000_000)
        await ledger.answer(await command_of(ledger, account, "reconnect"))
        await ledger.until_state(account, "connected")
    finally:
        ended = await ledger.api.post(
            f"/v1/cut-holds/{held.json()['id']}/end", json={"reason": "over"}
        )
        assert ended.status_code == 200, ended.text
    # It is looked at as the hold ends.
    await command_of(ledger, other, "disconnect")
    assert meter_id


async def test_whoever_is_protected_on_papers_comes_back_and_is_not_cut(ledger: Any) -> None:
    account, _, _ = await is_cut(ledger)
    granted = await ledger.api.post(
        f"/v1/accounts/{account['id']}/protections",
        json={"kind": "medical", "papers": "clinic, 17/2026", "reason": "oxygen"},
    )
    assert granted.status_code == 201, granted.text
    await ledger.answer(await command_of(ledger, account, "reconnect"))
    held = await ledger.until_state(account, "pending")
    assert held["balance_micro"] <= 0
    assert (await ledger.newest(account, "decisions"))[0]["held"] == ["protected_customer"]


async def test_a_customer_who_confirms_presses_the_button(ledger: Any) -> None:
    account, meter_id = await ledger.household(paid_micro=1_000_000)
    now = utc_now().isoformat()
    signed = await ledger.api.put(
        f"/v1/accounts/{account['id']}/prepay-agreement",
        json={
            "jurisdiction": "direct",
            "warning_micro": 0,
            "overdraft_micro": 0,
            "contacts": ["log"],
            "reconnection": "confirmed",
            "signed_at": now,
            "signed_by": "Li",
            "paper_reference": "p-17",
            "paper_sha256": "0" * 64,
            "reason": "no home is to heat up unseen",
        },
    )
    assert signed.status_code == 201, signed.text
    await ledger.read((meter_id, 15, 1_000))
    await ledger.answer(await command_of(ledger, account, "disconnect"))
    await ledger.until_state(account, "disconnected")
    await ledger.pay(account["number"], 5_000_000)
    await ledger.answer(await command_of(ledger, account, "arm"))
    await ledger.until_state(account, "armed")
    pressed = MeterReported(
        meter_id=meter_id,
        kind=MqttEventKind.RELAY_MOVED_BY_BUTTON,
        at=utc_now(),
        relay=RelayState.CLOSED,
    )
    await ledger.publish([pressed])
    await ledger.until_state(account, "connected")


async def orders_of(ledger: Any, meter_id: str) -> list[str]:
    """The kinds of work orders that are open at the meter."""
    found = await ledger.api.get("/v1/work-orders", params={"meter_id": meter_id, "open": "true"})
    assert found.status_code == 200, found.text
    return [each["kind"] for each in found.json()["items"]]


def _presence(meter_id: str, presence: Presence, at: Any) -> MeterPresenceChanged:
    return MeterPresenceChanged(meter_id=meter_id, presence=presence, at=at)
