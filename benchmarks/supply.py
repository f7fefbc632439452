"""A mass cut and a mass reconnection: a whole fleet's money ends with one reading each, and then
all those cuts are undone. Meanwhile others, who are dark, pay."""

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx

from benchmarks.cpu import CpuTimes, cpu_times, per_item_us
from benchmarks.latency import USED_UP_WH, cut, quantiles_ms, restore
from prewatt_cli.errors import answered
from prewatt_cli.target import Target, find_target
from prewatt_cli.utility import (
    fleet_settings,
    open_accounts,
    publish_tariffs,
    register_devices,
)
from prewatt_common.contracts.base import RelayState
from prewatt_devstack import Stack, StackError
from prewatt_simulator import ConstantLoad, Fleet
from prewatt_simulator.inventory import Household

PROBES = 60
"""Who pay, one after the other, while the cut or the reconnection runs."""
PROBE_PAUSE_S = 0.25
BALANCE_MICRO = 3_000_000
_LEDGER = "prepay-ledger"
_TIMEOUT_S = 600


def measure(*, meters: int) -> dict[str, Any]:
    """Both, on a fresh stack."""
    with Stack(name="bench", provider="native") as stack:
        stack.start_services()
        return asyncio.run(_Mass(stack, meters=meters).run())


@dataclass
class _Told:
    """When every relay of the fleet had moved, and when the ledger knew it of all."""

    relays_s: float
    known_s: float


class _Mass:
    """A fleet on the stack. Those who pay have another tariff than the fleet, whose cuts are
    undone by its tariff."""

    def __init__(self, stack: Stack, *, meters: int) -> None:
        self._stack = stack
        self._target: Target = find_target(state_dir=stack.state_dir)
        self._bulk = [_household(number) for number in range(1, meters + 1)]
        self._probes = [
            replace(_household(number), tariff_code="blocks")
            for number in range(meters + 1, meters + 2 * PROBES + 1)
        ]
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        self._begins_at = now - timedelta(days=3)
        self._at = now - timedelta(hours=1)

    async def run(self) -> dict[str, Any]:
        """The figures."""
        await asyncio.to_thread(self._register)
        everybody = [each.meter_id for each in (*self._bulk, *self._probes)]
        settings = replace(fleet_settings(self._stack, everybody), load=ConstantLoad(wh=USED_UP_WH))
        async with Fleet(settings) as fleet:
            for probe in self._probes:
                await cut(fleet, probe, at=self._at)
            since = datetime.now(UTC)
            load = round(os.getloadavg()[0], 1)
            cuts = await self._mass(
                fleet, self._publish(fleet), RelayState.OPEN, self._probes[:PROBES]
            )
            undone = await self._mass(
                fleet, self._undo(since), RelayState.CLOSED, self._probes[PROBES:]
            )
        return {
            "meters": len(self._bulk),
            "load": load,
            "cut": cuts,
            "reconnection": undone,
        }

    async def _mass(
        self, fleet: Fleet, begin: Any, wanted: RelayState, probes: Sequence[Household]
    ) -> dict[str, Any]:
        """What ``begin`` leads to, once all relays are ``wanted`` and the ledger knows it."""
        done_before = await self._finished()
        before = cpu_times(self._stack)
        paying = asyncio.create_task(self._pay(fleet, probes))
        await begin
        told = await self._all(fleet, wanted, done_before + len(self._bulk), begun=before)
        # Those who pay have commands of their own, which are counted too.
        restored = await paying
        await self._until_finished(done_before + len(self._bulk) + len(probes))
        after = cpu_times(self._stack)
        return {
            "all_relays_s": round(told.relays_s, 1),
            "ledger_knows_s": round(told.known_s, 1),
            "cpu_us_per_command": per_item_us(before, after, len(self._bulk) + len(probes)),
            "payment_to_relay_closed_ms": quantiles_ms(restored),
        }

    async def _all(
        self, fleet: Fleet, wanted: RelayState, finished: int, *, begun: CpuTimes
    ) -> _Told:
        deadline = time.monotonic() + _TIMEOUT_S
        meters = [fleet.meters[each.meter_id] for each in self._bulk]
        while (left := sum(each.relay is not wanted for each in meters)) > 0:
            if time.monotonic() > deadline:
                message = f"{left} relays are not {wanted} after {_TIMEOUT_S} s"
                raise StackError(message)
            await asyncio.sleep(0.05)
        relays_s = time.monotonic() - begun.at
        await self._until_finished(finished)
        return _Told(relays_s, time.monotonic() - begun.at)

    async def _publish(self, fleet: Fleet) -> None:
        await fleet.publish_step(at=self._at, meter_ids=[each.meter_id for each in self._bulk])

    async def _undo(self, since: datetime) -> None:
        await asyncio.to_thread(self._undo_by_two, since)

    def _undo_by_two(self, since: datetime) -> None:
        body = {"scope": "tariff", "name": "flat", "since": since.isoformat(), "reason": "bench"}
        with (
            self._target.client(_LEDGER, subject="one") as one,
            self._target.client(_LEDGER, subject="another") as another,
        ):
            undo: dict[str, Any] = _post(one, "/v1/cut-undos", body)
            if undo["accounts"] != len(self._bulk):
                message = f"{undo['accounts']} of {len(self._bulk)} cuts are to be undone"
                raise StackError(message)
            _post(another, f"/v1/cut-undos/{undo['id']}/release", {"reason": "bench"})

    async def _pay(self, fleet: Fleet, probes: Sequence[Household]) -> list[float]:
        async with asyncio.TaskGroup() as group:
            paying: list[asyncio.Task[float]] = []
            for probe in probes:
                paying.append(group.create_task(restore(fleet, self._target, probe)))
                await asyncio.sleep(PROBE_PAUSE_S)
        return [each.result() for each in paying]

    async def _until_finished(self, wanted: int) -> None:
        deadline = time.monotonic() + _TIMEOUT_S
        while (done := await self._finished()) < wanted:
            if time.monotonic() > deadline:
                message = f"{done} of {wanted} commands are finished after {_TIMEOUT_S} s"
                raise StackError(message)
            # Each counts all commands there are.
            await asyncio.sleep(1)

    async def _finished(self) -> int:
        url = self._stack.endpoints.database_url("prepay_ledger").replace("+asyncpg", "")
        connection = await asyncpg.connect(url)
        try:
            return int(
                await connection.fetchval("SELECT count(*) FROM command WHERE status = 'succeeded'")
            )
        finally:
            await connection.close()

    def _register(self) -> None:
        households = [*self._bulk, *self._probes]
        with (
            self._target.client("meter-gateway") as gateway,
            self._target.client(_LEDGER) as ledger,
        ):
            register_devices(gateway, households=households)
            publish_tariffs(ledger)
            open_accounts(ledger, households=households, begins_at=self._begins_at)


def _household(number: int) -> Household:
    return Household(
        number=f"{number:09d}", meter_id=f"sim-{number:07d}", balance_micro=BALANCE_MICRO
    )


def _post(client: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    return answered(client.post(path, json=body)).json()
