"""Payments a second and the webhook's time, by eight clients at once: a part of what a provider
delivers comes twice, and all of it out of order, refunds before their payments too."""

import asyncio
import json
import os
import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import httpx
from standardwebhooks.webhooks import Webhook

from benchmarks.cpu import cpu_times, per_item_us
from benchmarks.latency import quantiles_ms
from prewatt_cli.target import find_target
from prewatt_cli.utility import CURRENCY, open_accounts, publish_tariffs, register_devices
from prewatt_devstack import Stack, StackError
from prewatt_devstack.services import WEBHOOK_PROVIDER
from prewatt_simulator.inventory import Household

CLIENTS = 8
PAID_MICRO = 10_000_000
BACK_MICRO = 4_000_000
_BACK_EVERY = 20
"""One payment in so many is given back in part, which is told before it as often as after it."""
_TWICE_EVERY = 10
"""One event in so many is delivered twice."""
_SEED = 1


class _Event(NamedTuple):
    kind: str
    payment_id: str
    number: str


def measure(*, payments: int) -> dict[str, Any]:
    """On a fresh stack."""
    with Stack(name="bench", provider="native") as stack:
        stack.start_services()
        target = find_target(state_dir=stack.state_dir)
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        households = [
            Household(number=f"{number:09d}", meter_id=f"sim-{number:07d}", balance_micro=0)
            for number in range(1, payments // 4 + 1)
        ]
        with target.client("meter-gateway") as gateway, target.client("prepay-ledger") as ledger:
            register_devices(gateway, households=households)
            publish_tariffs(ledger)
            open_accounts(ledger, households=households, begins_at=now - timedelta(days=1))
            given_micro = payments * PAID_MICRO - payments // _BACK_EVERY * BACK_MICRO
            events = _events(payments, [each.number for each in households])
            load, before = round(os.getloadavg()[0], 1), cpu_times(stack)
            taken = asyncio.run(
                _deliver(
                    events,
                    url=f"{target.url('prepay-ledger')}/v1/webhooks/payments/{WEBHOOK_PROVIDER}",
                    signer=Webhook(target.webhook_secrets[WEBHOOK_PROVIDER]),
                )
            )
            after = cpu_times(stack)
            (totals,) = ledger.get("/v1/totals").raise_for_status().json()["currencies"]
        # What the provider owes for what was credited; balances are less the standing charges.
        credited_micro = abs(totals["postings_micro"][f"clearing:{WEBHOOK_PROVIDER}"])
        if credited_micro != given_micro:
            message = f"{credited_micro} was credited and should be {given_micro}"
            raise StackError(message)
    return {
        "payments": payments,
        "events": len(events),
        "clients": CLIENTS,
        "load": load,
        "payments_per_s": round(payments / (after.at - before.at)),
        "webhook_ms": quantiles_ms(taken),
        "cpu_us_per_payment": per_item_us(before, after, payments),
    }


def _events(payments: int, numbers: Sequence[str]) -> list[_Event]:
    """In the order in which they are delivered."""
    order = random.Random(_SEED)
    paid = [
        _Event("payment.succeeded", f"pay_{place}", numbers[place % len(numbers)])
        for place in range(payments)
    ]
    back = [each._replace(kind="payment.refunded") for each in paid[::_BACK_EVERY]]
    once = [*paid, *back]
    events = [*once, *once[::_TWICE_EVERY]]
    order.shuffle(events)
    return events


async def _deliver(events: Sequence[_Event], *, url: str, signer: Webhook) -> list[float]:
    """Each client takes the next; seconds of each call."""
    calls = {event: _call(event, signer) for event in set(events)}
    waiting, taken = iter(events), list[float]()

    async def client() -> None:
        async with httpx.AsyncClient(timeout=60) as http:
            for event in waiting:
                body, headers = calls[event]
                begun = time.monotonic()
                answer = await http.post(url, content=body, headers=headers)
                taken.append(time.monotonic() - begun)
                answer.raise_for_status()

    async with asyncio.TaskGroup() as group:
        for _ in range(CLIENTS):
            group.create_task(client())
    return taken


def _call(event: _Event, signer: Webhook) -> tuple[bytes, dict[str, str]]:
    now = datetime.now(UTC)
    back = event.kind == "payment.refunded"
    data: dict[str, Any] = {
        "payment_id": event.payment_id,
        "account_number": event.number,
        "amount_micro": BACK_MICRO if back else PAID_MICRO,
        "currency": CURRENCY,
    }
    if back:
        data["movement_id"] = f"re_{event.payment_id}"
    body = json.dumps({"type": event.kind, "timestamp": now.isoformat(), "data": data})
    event_id = f"evt_{event.kind}_{event.payment_id}"
    return body.encode(), {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signer.sign(event_id, now, body),
    }
