"""Refunds, reversals and disputes of payments over the webhook: in any order, once, to the cent."""

import asyncio
import random
from typing import Any
from uuid import uuid4

import pytest

from prepay_ledger.payments.taken_back import Movement, taken_back
from prepay_ledger.providers.values import Kind

pytestmark = pytest.mark.stack
PAID = 10_000_000
TYPES = {
    "payment.refunded": Kind.REFUNDED,
    "payment.reversed": Kind.REVERSED,
    "payment.disputed": Kind.DISPUTED,
    "payment.dispute_won": Kind.DISPUTE_WON,
    "payment.dispute_lost": Kind.DISPUTE_LOST,
    "payment.refund_failed": Kind.REFUND_FAILED,
}


def moved(paid: dict[str, Any], type_: str, micro: int, movement_id: str = "m1") -> dict[str, Any]:
    """Of the payment that ``paid`` tells of."""
    data = paid["data"] | {"amount_micro": micro, "movement_id": movement_id}
    return paid | {"type": type_, "data": data}


async def outcome(ledger: Any, event: dict[str, Any], **signing: Any) -> tuple[str, int | None]:
    answer = await ledger.deliver(event, **signing)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    return said["outcome"], said["balance_micro"]


async def balance(ledger: Any, account: dict[str, Any]) -> int:
    return (await ledger.account(account))["balance_micro"]


async def payment(ledger: Any, event: dict[str, Any]) -> dict[str, Any]:
    params = {"payment_id": event["data"]["payment_id"]}
    (found,) = (await ledger.api.get("/v1/payments", params=params)).json()["items"]
    return found


async def test_a_refund_leaves_the_account_once_and_is_told(ledger: Any, kafka_events: Any) -> None:
    account = await ledger.open()
    paid = ledger.payment(account["number"], PAID)
    await ledger.deliver(paid)
    refund = moved(paid, "payment.refunded", 4_000_000)
    assert await outcome(ledger, refund) == ("taken-back", 6_000_000)
    # The same refund under another event, and with another amount.
    assert (await outcome(ledger, refund))[1] == 6_000_000
    assert (await outcome(ledger, moved(paid, "payment.refunded", 5_000_000)))[0] == "conflict"
    assert await balance(ledger, account) == 6_000_000
    assert (await payment(ledger, paid))["taken_back_micro"] == 4_000_000
    told = await kafka_events("prewatt.ledger.payment-taken-back.v1", account_id=account["id"])
    assert (told["amount_micro"], told["balance_micro"]) == (4_000_000, 6_000_000)
    await ledger.sums_to_zero()


async def test_a_refund_that_comes_before_its_payment_waits_for_it(ledger: Any) -> None:
    account = await ledger.open()
    paid = ledger.payment(account["number"], PAID)
    refund, event_id = moved(paid, "payment.refunded", 3_000_000), f"e-{uuid4()}"
    assert await outcome(ledger, refund, event_id=event_id) == ("parked", None)
    (kept,) = await ledger.kept(event_id)
    assert (kept["outcome"], kept["open"]) == ("parked", True)
    # Nobody's impatience takes it off the list: its payment may be lost.
    path, why = f"/v1/payment-events/{kept['id']}/replay", {"reason": "where is it?"}
    assert (await ledger.api.post(path, json=why)).json()["outcome"] == "parked"
    (kept,) = await ledger.kept(event_id)
    assert (kept["outcome"], kept["open"]) == ("parked", True)
    assert await outcome(ledger, paid) == ("credited", 7_000_000)
    (kept,) = await ledger.kept(event_id)
    assert (kept["outcome"], kept["open"]) == ("taken-back", False)
    assert await balance(ledger, account) == 7_000_000
    await ledger.sums_to_zero()


async def test_a_dispute_takes_the_money_and_gives_it_back_where_it_is_won(ledger: Any) -> None:
    account, meter_id = await ledger.household(paid_micro=1_000_000)
    paid = ledger.payment(account["number"], PAID)
    await ledger.deliver(paid)
    await ledger.read((meter_id, 15, 2_000))

    async def charged() -> bool:
        return await balance(ledger, account) < 1_000_000 + PAID

    await ledger.until(charged, what="the reading is charged")
    before = await balance(ledger, account)
    assert (await outcome(ledger, moved(paid, "payment.disputed", PAID)))[0] == "taken-back"
    assert await balance(ledger, account) == before - PAID
    # Without that money nothing is left: supply is taken away, and comes back with it.
    await ledger.until_state(account, "disconnecting")
    assert (await outcome(ledger, moved(paid, "payment.dispute_won", PAID)))[0] == "taken-back"
    assert await balance(ledger, account) == before
    await ledger.until_state(account, "reconnecting")
    await ledger.sums_to_zero()


async def test_what_goes_back_beyond_what_was_paid_is_a_persons_work(ledger: Any) -> None:
    account = await ledger.open()
    paid = ledger.payment(account["number"], PAID)
    await ledger.deliver(paid)
    await ledger.deliver(moved(paid, "payment.refunded", 4_000_000))
    event_id = f"e-{uuid4()}"
    dispute = moved(paid, "payment.disputed", PAID, "d1")
    assert await outcome(ledger, dispute, event_id=event_id) == ("excess", 0)
    (kept,) = await ledger.kept(event_id)
    assert kept["open"]
    closed = await ledger.api.post(
        f"/v1/payment-events/{kept['id']}/close", json={"reason": "talked to the bank"}
    )
    assert closed.status_code == 200, closed.text
    assert not closed.json()["open"]


async def test_money_in_suspense_that_went_back_is_not_placed_again(ledger: Any) -> None:
    account = await ledger.open()
    paid = ledger.payment("nobody-" + ledger.number(), PAID)
    await ledger.deliver(paid)
    assert (await outcome(ledger, moved(paid, "payment.refunded", 4_000_000)))[0] == "taken-back"
    found = await payment(ledger, paid)
    body = {"account_id": account["id"], "reason": "it was theirs"}
    assigned = await ledger.api.post(f"/v1/payments/{found['id']}/assign", json=body)
    assert assigned.status_code == 200, assigned.text
    assert await balance(ledger, account) == 6_000_000
    other = ledger.payment("nobody-" + ledger.number(), PAID)
    await ledger.deliver(other)
    await ledger.deliver(moved(other, "payment.reversed", PAID))
    found = await payment(ledger, other)
    for what in ("assign", "return"):
        json = {"reason": "r"} | ({"account_id": account["id"]} if what == "assign" else {})
        refused = await ledger.api.post(f"/v1/payments/{found['id']}/{what}", json=json)
        assert (refused.status_code, refused.json()["type"][-15:]) == (409, "not-in-suspense")
    assert await balance(ledger, account) == 6_000_000
    await ledger.sums_to_zero()


async def test_any_order_and_eight_at_once_come_to_the_same_to_the_micro_unit(ledger: Any) -> None:
    chance = random.Random(12)
    account = await ledger.open()
    told: list[dict[str, Any]] = []
    left = 0
    for _ in range(12):
        paid = ledger.payment(account["number"], PAID)
        some = [
            moved(paid, kind, chance.choice([1, 2_999_999, PAID]), f"{kind}-{number}")
            for number, kind in enumerate(chance.choices([*TYPES], k=chance.randint(0, 4)))
        ]
        # What fails or is won is of a refund or dispute that there is.
        for each in some:
            if each["type"] in ("payment.refund_failed", "payment.dispute_won"):
                each["data"]["movement_id"] = chance.choice(some)["data"]["movement_id"]
        told += [paid, *some]
        movements = {
            Movement(
                kind=TYPES[each["type"]],
                movement_id=each["data"]["movement_id"],
                amount_micro=each["data"]["amount_micro"],
                currency=paid["data"]["currency"],
            )
            for each in some
        }
        left += PAID - taken_back(movements, paid_micro=PAID).amount_micro
    told += chance.sample(told, len(told) // 2)
    chance.shuffle(told)
    for begin in range(0, len(told), 8):
        answers = await asyncio.gather(*map(ledger.deliver, told[begin : begin + 8]))
        assert {each.status_code for each in answers} == {200}
    assert await balance(ledger, account) == left
    await ledger.sums_to_zero()
