"""``make bench``: the whole system at several fleet sizes, on real parts.

For each size: sustained readings a second through everything (published, acknowledged, charged,
in billing), CPU-µs a reading by process, and, at half that rate, the latency from a reading to
the relay open and from a payment to the relay closed. Then what one meter used in a month, out of
the archive of a fleet; the archive alone; the pure libraries alone. ``make bench ONLY=archive``
measures one of these. Results: benchmarks/results/e2e.json and docs/benchmarks.md, beside what the
last run that is recorded there came to. A million meters take some twenty minutes: ``make bench
ONLY=system METERS=1000000``.
"""

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks import archive, payments, rating, supply, usage
from benchmarks.cpu import cpu_times, per_item_us, postgres_times, resident_mb
from benchmarks.latency import apart, cut_and_restore, quantiles_ms
from benchmarks.page import page, ratios
from prewatt_cli.readings_of_metrics import scrape
from prewatt_cli.target import Target, find_target
from prewatt_cli.utility import (
    TARIFFS,
    fleet_settings,
    open_accounts,
    publish_tariffs,
    register_devices,
)
from prewatt_devstack import Stack, StackError
from prewatt_simulator import Fleet
from prewatt_simulator.inventory import Household

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "e2e.json"
TABLE = ROOT / "docs" / "benchmarks.md"
INTERVAL = timedelta(minutes=15)
PROBES = 120
PROBE_PAUSE_S = 1.0
"""One cut and one reconnection a second: each has a cost of its own, some 200 CPU-ms over all
processes (decision, command, answers, notices, payment), and four a second took both cores."""
_HALF_RATE_READINGS = 2_000_000
"""Enough instants of the past for the half-rate run to last as long as the probes."""
PLENTY_MICRO = 10**12
PROBE_MICRO = 3_000_000
_DRAIN_TIMEOUT_S = 900


class Bench:
    """One fleet size on a fresh stack."""

    def __init__(self, stack: Stack, *, meters: int, readings: int) -> None:
        self._stack = stack
        self._target: Target = find_target(state_dir=stack.state_dir)
        self._meters = meters
        self._steps = max(2, readings // meters)
        # The first step is warm-up; the half-rate run at the end takes some more.
        self._total_steps = self._steps + 1 + max(2, _HALF_RATE_READINGS // meters)
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        self._at = now - INTERVAL * (self._total_steps + 4)
        self._start = self._at
        self._published = 0
        self._households = [
            Household(
                number=f"{number:09d}",
                meter_id=f"sim-{number:07d}",
                balance_micro=PLENTY_MICRO if number > PROBES else PROBE_MICRO,
            )
            for number in range(1, meters + 1)
        ]

    async def run(self) -> dict[str, Any]:
        """The figures of this size."""
        imported = await asyncio.to_thread(self._register)
        bulk = [household.meter_id for household in self._households[PROBES:]]
        settings = fleet_settings(self._stack, bulk)
        async with Fleet(replace(settings, interval=INTERVAL)) as fleet:
            await self._step(fleet, bulk)
            await self._all_done()
            before, charges = cpu_times(self._stack), await self._charges()
            postgres = postgres_times(self._stack)
            for _ in range(self._steps):
                await self._step(fleet, bulk)
            await self._all_done()
            after, charges = cpu_times(self._stack), await self._charges() - charges
            postgres = per_item_us(postgres, postgres_times(self._stack), self._steps * len(bulk))
            readings = self._steps * len(bulk)
            sustained = readings / (after.at - before.at)
            half = await self._at_half_rate(fleet, bulk, sustained / 2)
        return {
            "meters": self._meters,
            "imported": imported,
            "readings": readings,
            "sustained_readings_per_s": round(sustained),
            "readings_per_charge": round(readings / charges, 2),
            "cpu_us_per_reading": per_item_us(before, after, readings),
            "postgres_us_per_reading": postgres,
            "resident_mb": resident_mb(self._stack),
            "at_half_rate": half,
        }

    async def _at_half_rate(self, fleet: Fleet, bulk: list[str], rate: float) -> dict[str, Any]:
        probes = self._households[:PROBES]
        settings = fleet_settings(self._stack, [each.meter_id for each in probes])
        cuts_and_payments = partial(
            cut_and_restore,
            target=self._target,
            probes=probes,
            at=self._start + INTERVAL * self._total_steps,
            pause_s=PROBE_PAUSE_S,
        )
        probing = asyncio.create_task(
            apart(replace(settings, interval=INTERVAL), cuts_and_payments)
        )
        begun, charges = time.monotonic(), await self._charges()
        published = 0
        while not probing.done() and self._at < self._start + INTERVAL * self._total_steps:
            await self._step(fleet, bulk, rate=rate)
            published += len(bulk)
        elapsed = time.monotonic() - begun
        cuts, restored = await probing
        await self._all_done(extra=PROBES)
        charges = await self._charges() - charges
        return {
            "readings_per_s": round(published / elapsed),
            "readings_per_charge": round((published + PROBES) / charges, 2),
            "reading_to_relay_open_ms": quantiles_ms(cuts),
            "payment_to_relay_closed_ms": quantiles_ms(restored),
        }

    def _register(self) -> dict[str, Any]:
        """How long the households take to be imported, and to be known to billing."""
        with (
            self._target.client("meter-gateway") as gateway,
            self._target.client("prepay-ledger") as ledger,
        ):
            register_devices(gateway, households=self._households)
            publish_tariffs(ledger)
            before = cpu_times(self._stack)
            open_accounts(ledger, households=self._households, begins_at=self._start - INTERVAL)
            opened_s = time.monotonic() - before.at
        # Billing must know every agreement and installation before readings count as done.
        facts = 2 * self._meters + len(TARIFFS)
        self._wait("billing", {"group": "billing.facts"}, facts)
        after = cpu_times(self._stack)
        return {
            "households_per_s": round(self._meters / opened_s),
            "known_to_billing_s": round(after.at - before.at, 1),
            "cpu_us_each": per_item_us(before, after, self._meters),
        }

    async def _charges(self) -> int:
        """How often a meter was charged: a batch with several readings of it charges them as one,
        which a real fleet's batches do not have."""
        url = self._stack.endpoints.database_url("prepay_ledger").replace("+asyncpg", "")
        connection = await asyncpg.connect(url)
        try:
            return int(await connection.fetchval("SELECT sum(version) FROM meter_state"))
        finally:
            await connection.close()

    async def _step(self, fleet: Fleet, bulk: list[str], rate: float | None = None) -> None:
        await fleet.publish_step(at=self._at, meter_ids=bulk, rate_per_s=rate)
        self._at += INTERVAL
        self._published += len(bulk)

    async def _all_done(self, extra: int = 0) -> None:
        """Until ledger and billing have committed every reading published so far."""
        wanted = self._published + extra
        for service, group in (
            ("prepay-ledger", "prepay-ledger.readings"),
            ("billing", "billing.readings"),
        ):
            await asyncio.to_thread(self._wait, service, {"group": group}, wanted)

    def _wait(self, service: str, labels: dict[str, str], wanted: int) -> None:
        deadline = time.monotonic() + _DRAIN_TIMEOUT_S
        url = self._target.url(service)
        while (done := scrape(url).total("prewatt_consumer_records_total", **labels)) < wanted:
            if time.monotonic() > deadline:
                message = f"{service} has {done:.0f} of {wanted} records after {_DRAIN_TIMEOUT_S} s"
                raise StackError(message)
            time.sleep(0.1)


PARTS = ("system", "supply", "payments", "usage", "archive", "rating")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=PARTS, action="append", help="default: all")
    parser.add_argument("--meters", default="1000,10000,100000", help="fleet sizes of the system")
    parser.add_argument("--readings", type=int, default=150_000, help="readings to sustain")
    parser.add_argument("--supply-meters", type=int, default=20_000, help="cut and reconnected")
    parser.add_argument("--payments", type=int, default=4_000, help="by eight clients")
    parser.add_argument("--archive-meters", type=int, default=100_000, help="usage's and archive's")
    parser.add_argument("--no-write", action="store_true", help="print only")
    options = parser.parse_args()
    sizes = [int(size) for size in options.meters.split(",")]
    if any(size <= PROBES for size in sizes):
        sys.exit(f"bench: a fleet needs more than {PROBES} meters")
    # What is recorded of other parts and other sizes stays.
    result: dict[str, Any] = {"runs": []}
    if RESULTS.exists():
        result = json.loads(RESULTS.read_text(encoding="utf-8"))
    try:
        for part in options.only or PARTS:
            match part:
                case "system":
                    result["runs"] = _system(sizes, readings=options.readings, last=result["runs"])
                case "supply":
                    result[part] = supply.measure(meters=options.supply_meters) | _when()
                case "payments":
                    result[part] = payments.measure(payments=options.payments) | _when()
                case "usage":
                    result[part] = usage.measure_alone(fleet=options.archive_meters) | _when()
                case "archive":
                    result[part] = [
                        archive.measure(meters=options.archive_meters, on_the_second=sharp)
                        | _when()
                        for sharp in (True, False)
                    ]
                case _:
                    result[part] = rating.measure()
            if part != "system":
                print(json.dumps(result[part], indent=1), flush=True)
    except StackError as error:
        sys.exit(f"bench: {error}")
    result["machine"] = _machine()
    if not options.no_write:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        TABLE.write_text(page(result), encoding="utf-8")


def _system(
    sizes: Sequence[int], *, readings: int, last: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Each size on a fresh stack, and what is recorded of others, by size."""
    runs: list[dict[str, Any]] = []
    for size in sizes:
        with Stack(name="bench", provider="native") as stack:
            stack.start_services()
            runs.append(asyncio.run(Bench(stack, meters=size, readings=readings).run()))
        runs[-1] |= {"to_last": ratios(runs[-1], last), **_when()}
        print(json.dumps(runs[-1], indent=1), flush=True)
    kept = [each for each in last if each["meters"] not in sizes]
    return sorted([*kept, *runs], key=lambda each: each["meters"])


def _when() -> dict[str, str]:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True,
        check=False,
    ).stdout.strip()  # fmt: skip
    return {"at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "commit": commit}


def _machine() -> dict[str, Any]:
    return {"cores": os.cpu_count(), "python": platform.python_version()}


if __name__ == "__main__":
    main()
