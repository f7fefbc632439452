"""End-to-end latencies, seen from outside: the meter's relay moves, the stop watch stops."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from multiprocessing import get_context
from typing import Any, TypeVar

import httpx

from prewatt_cli.payments import signed_payment
from prewatt_cli.target import Target
from prewatt_cli.utility import CURRENCY
from prewatt_common.contracts.base import RelayState
from prewatt_common.ids import new_id
from prewatt_devstack.services import WEBHOOK_PROVIDER
from prewatt_simulator import Fleet
from prewatt_simulator.inventory import Household
from prewatt_simulator.settings import FleetSettings

DoneT = TypeVar("DoneT")
USED_UP_WH = 100_000
TOP_UP_MICRO = 200_000_000
_TIMEOUT_S = 60
_PAY_TIMEOUT_S = 30
_PAYS_AFTER_S = 1.0
"""Nobody pays in the milliseconds in which the ledger still takes in that the relay has opened."""


def quantiles_ms(seconds: Sequence[float]) -> dict[str, int]:
    """p50, p95 and p99 in milliseconds, and how many there were."""
    ordered = sorted(seconds)

    def at(q: float) -> int:
        return round(ordered[min(len(ordered) - 1, int(q * len(ordered)))] * 1000)

    return {"n": len(ordered), "p50": at(0.5), "p95": at(0.95), "p99": at(0.99)}


async def cut_and_restore(
    fleet: Fleet, target: Target, probes: Sequence[Household], *, at: datetime, pause_s: float
) -> tuple[list[float], list[float]]:
    """Use up each probe's money with one reading, wait for its relay to open, pay, and wait for
    it to close. Seconds from publishing to open, and from paying to closed."""
    cuts: list[float] = []
    restored: list[float] = []

    async def one(household: Household) -> None:
        cuts.append(await cut(fleet, household, at=at))
        await asyncio.sleep(_PAYS_AFTER_S)
        restored.append(await restore(fleet, target, household))

    async with asyncio.TaskGroup() as group:
        for household in probes:
            group.create_task(one(household))
            await asyncio.sleep(pause_s)
    return cuts, restored


async def apart(
    settings: FleetSettings, do: Callable[[Fleet], Coroutine[Any, Any, DoneT]]
) -> DoneT:
    """What ``do``, which can be pickled, gives of meters in a process and on connections of their
    own, as households have them: among a whole fleet's readings, the time in its queues would be
    measured too."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return await asyncio.get_running_loop().run_in_executor(pool, _run, settings, do)


def _run(settings: FleetSettings, do: Callable[[Fleet], Coroutine[Any, Any, DoneT]]) -> DoneT:
    async def run() -> DoneT:
        async with Fleet(settings) as fleet:
            return await do(fleet)

    return asyncio.run(run())


async def cut(fleet: Fleet, household: Household, *, at: datetime) -> float:
    """Use up its money with one reading; seconds from publishing it to its relay open."""
    begun = time.monotonic()
    await fleet.publish_reading(meter_id=household.meter_id, at=at, use_wh=USED_UP_WH)
    await fleet.wait_relay(household.meter_id, RelayState.OPEN, timeout=_TIMEOUT_S)
    return time.monotonic() - begun


async def restore(fleet: Fleet, target: Target, household: Household) -> float:
    """Pay; seconds from sending the webhook to its relay closed."""
    begun = await asyncio.to_thread(_pay, target, household)
    await fleet.wait_relay(household.meter_id, RelayState.CLOSED, timeout=_TIMEOUT_S)
    return time.monotonic() - begun


def _pay(target: Target, household: Household) -> float:
    """When the webhook was sent: a provider's own work before (a client, a connection's TLS set-up,
    a signature) is none of ours, and here it waits for the simulator on top."""
    body, headers = signed_payment(
        secret=target.webhook_secrets[WEBHOOK_PROVIDER],
        account_number=household.number,
        amount_micro=TOP_UP_MICRO,
        currency=CURRENCY,
        payment_id=f"pay_{new_id()}",
    )
    url = f"{target.url('prepay-ledger')}/v1/webhooks/payments/{WEBHOOK_PROVIDER}"
    with httpx.Client(timeout=_PAY_TIMEOUT_S) as client:
        begun = time.monotonic()
        client.post(url, content=body, headers=headers).raise_for_status()
    return begun
