"""``prewatt demo``: the main loop on real parts, live, and a verdict at the end."""

import asyncio
import json
import os
import random
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
from rich.console import Console
from rich.live import Live

from prewatt_cli.demo_verdict import Verdict, verdict
from prewatt_cli.demo_view import Latency, View, Watched
from prewatt_cli.payments import decimal_from, pay
from prewatt_cli.readings_of_metrics import Scrape, scrape
from prewatt_cli.target import Target, find_target
from prewatt_cli.utility import (
    CURRENCY,
    TARIFFS,
    TIME_OF_USE_TARIFF,
    TIMEZONE,
    fleet_settings,
    publish_tariffs,
    register_households,
)
from prewatt_common.contracts.base import RelayState
from prewatt_devstack import Stack, StackError
from prewatt_devstack.services import WEBHOOK_PROVIDER
from prewatt_simulator import Fleet
from prewatt_simulator.inventory import Household

MICRO = 1_000_000
STEPS_PER_S = 2
INTERVAL = timedelta(minutes=15)
PAYS_AFTER_S = 3.0
WATCHED = 8
SETTLE_TIMEOUT_S = 20.0
LOW_BALANCE_MICRO = 3 * MICRO // 2
GLITCHES = 2
"""The household, of those watched, whose register once shows what it never was; by time of use."""
GLITCH_WH = 900_000
_SEED = 20
_STAGES = (
    ("reading: broker to Kafka", "meter-gateway", "prewatt_gateway_ingest_seconds", {}),
    ("reading: gateway to charge", "prepay-ledger", "prewatt_ledger_reading_to_post_seconds", {}),
    ("reading to relay open", "prepay-ledger", "prewatt_ledger_command_seconds",
     {"action": "disconnect"}),
    ("payment to relay closed", "prepay-ledger", "prewatt_ledger_command_seconds",
     {"action": "reconnect"}),
)  # fmt: skip


def run_demo(*, households: int, seconds: int) -> int:
    """Run it; gives the exit code: 0 if the books agree, 1 if not, 2 where it cannot run."""
    console = Console()
    keep = os.environ.get("DEMO") == "keep"
    stack: Stack | None = None
    try:
        console.print("starting Kafka, Mosquitto, PostgreSQL and Prometheus ...")
        stack = Stack(name="demo", with_prometheus=True)
        stack.down(remove_data=True)
        stack = Stack(name="demo", with_prometheus=True)
        stack.up()
        console.print(f"starting the four services ({stack.provider}) ...")
        stack.start_services()
        target = find_target(state_dir=stack.state_dir)
        demo = Demo(stack, target, households=households, seconds=seconds)
        demo.populate()
        verdict = asyncio.run(demo.run(console))
        console.print()
        for line in verdict.lines:
            console.print(line)
        for problem in verdict.problems:
            console.print(f"WRONG: {problem}", style="bold red")
        if keep:
            _print_addresses(console, stack)
        return 1 if verdict.problems else 0
    except (StackError, httpx.HTTPError, OSError) as error:
        print(f"prewatt demo: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        if stack is not None and not keep:
            stack.down(remove_data=True)


class Demo:
    """A fleet, its households and what is seen of them."""

    def __init__(self, stack: Stack, target: Target, *, households: int, seconds: int) -> None:
        self._stack = stack
        self._target = target
        self._seconds = seconds
        self._view = View()
        self._start = _quarter(datetime.now(UTC)) - INTERVAL * (seconds * STEPS_PER_S + 4)
        chance = random.Random(_SEED)  # noqa: S311 - a show, not a secret
        self._households = [
            Household(
                number=f"{number:09d}",
                meter_id=f"sim-{number:07d}",
                balance_micro=chance.randint(3, 82) * MICRO // 10,
                tariff_code=chance.choice(TARIFFS)["code"],
                low_balance_micro=LOW_BALANCE_MICRO,
            )
            for number in range(1, households + 1)
        ]
        self._glitching = self._households[GLITCHES] = replace(
            self._households[GLITCHES],
            balance_micro=20 * MICRO,
            tariff_code=TIME_OF_USE_TARIFF["code"],
        )
        self._by_meter = {each.meter_id: each for each in self._households}
        self._pays = {each.number for each in self._households if chance.random() < 0.7}

    def populate(self) -> None:
        """Tariffs, devices and accounts, through the APIs."""
        with self._target.client("meter-gateway") as gateway, self._ledger() as ledger:
            publish_tariffs(ledger)
            register_households(
                gateway=gateway,
                ledger=ledger,
                households=self._households,
                begins_at=self._start - INTERVAL,
            )

    async def run(self, console: Console) -> Verdict:
        """The show, then the verdict."""
        settings = replace(
            fleet_settings(self._stack, list(self._by_meter)),
            interval=INTERVAL,
            announce=True,
            seed=_SEED,
        )
        async with Fleet(settings) as fleet:
            with Live(self._view, console=console, refresh_per_second=4):
                watching = asyncio.create_task(self._watch(fleet))
                paying = asyncio.create_task(self._pay_for_cuts(fleet))
                try:
                    await self._publish(fleet)
                    await fleet.drain()
                    await self._settle(fleet)
                finally:
                    paying.cancel()
                    watching.cancel()
                    await asyncio.gather(paying, watching, return_exceptions=True)
                await asyncio.to_thread(self._look, fleet)
            return await asyncio.to_thread(
                verdict,
                target=self._target,
                fleet=fleet,
                view=self._view,
                glitching=self._glitching,
                months=sorted({self._month(self._start), self._month(datetime.now(UTC))}),
            )

    async def _publish(self, fleet: Fleet) -> None:
        rate = len(self._households) * STEPS_PER_S
        at = self._start
        steps = self._seconds * STEPS_PER_S
        for number in range(steps):
            self._view.simulated = f"{at:%Y-%m-%d %H:%M} UTC"
            await fleet.publish_step(at=at, rate_per_s=rate)
            if number == steps // 2:
                await self._glitch(fleet, at=at + INTERVAL / 3)
            at += INTERVAL

    async def _glitch(self, fleet: Fleet, *, at: datetime) -> None:
        """One reading far above the register; the next one is right again."""
        meter_id = self._glitching.meter_id
        import_wh = fleet.meters[meter_id].import_wh + GLITCH_WH
        payload = json.dumps({"at": at.isoformat(), "import_wh": import_wh})
        await fleet.publish_bytes(meter_id=meter_id, topic="reading", payload=payload.encode())
        self._view.say(f"{self._glitching.number}  its register leaps to {import_wh} Wh")

    async def _pay_for_cuts(self, fleet: Fleet) -> None:
        """Households that were cut pay a little later, most of them."""
        seen = 0
        while True:
            moves = fleet.moves[seen:]
            seen += len(moves)
            for move in moves:
                household = self._by_meter[move.meter_id]
                if move.relay is RelayState.CLOSED:
                    self._view.say(f"{household.number}  relay closed, supply is back")
                    continue
                self._view.say(f"{household.number}  relay opened, balance used up")
                if household.number in self._pays:
                    asyncio.get_running_loop().call_later(PAYS_AFTER_S, self._pay_soon, household)
            await asyncio.sleep(0.1)

    def _pay_soon(self, household: Household) -> None:
        asyncio.get_running_loop().run_in_executor(None, self._pay, household)

    def _pay(self, household: Household) -> None:
        response = pay(
            ledger_url=self._target.url("prepay-ledger"),
            provider=WEBHOOK_PROVIDER,
            secret=self._target.webhook_secrets[WEBHOOK_PROVIDER],
            account_number=household.number,
            amount_micro=5 * MICRO,
            currency=CURRENCY,
        )
        if response.is_success:
            balance = decimal_from(response.json()["balance_micro"])
            self._view.say(f"{household.number}  paid 5.00 {CURRENCY}, balance {balance}")

    async def _settle(self, fleet: Fleet) -> None:
        """Wait until what was published, the glitch too, is taken and no command is under way."""
        deadline = time.monotonic() + SETTLE_TIMEOUT_S
        while time.monotonic() < deadline:
            await asyncio.sleep(0.5)
            totals = await asyncio.to_thread(self._totals)
            states = totals["accounts_by_state"]
            under_way = states.get("disconnecting", 0) + states.get("reconnecting", 0)
            ledger = await asyncio.to_thread(scrape, self._target.url("prepay-ledger"))
            if not under_way and _charged(ledger) > fleet.summary().published:
                return

    async def _watch(self, fleet: Fleet) -> None:
        begun = before_at = time.monotonic()
        before = 0
        while True:
            await asyncio.to_thread(self._look, fleet)
            now = time.monotonic()
            self._view.readings_per_s = (self._view.published - before) / (now - before_at)
            before, before_at = self._view.published, now
            self._view.elapsed_s = now - begun
            await asyncio.sleep(1)

    def _look(self, fleet: Fleet) -> None:
        view = self._view
        summary = fleet.summary()
        view.published, view.relays_open = summary.published, summary.relays_open
        ledger = scrape(self._target.url("prepay-ledger"))
        gateway = scrape(self._target.url("meter-gateway"))
        notifier = scrape(self._target.url("notifier"))
        scrapes = {"prepay-ledger": ledger, "meter-gateway": gateway}
        view.charged = _charged(ledger)
        changes = "prewatt_ledger_supply_changes_total"
        view.cuts = int(ledger.total(changes, action="disconnect"))
        view.reconnections = int(ledger.total(changes, action="reconnect"))
        view.topups = int(ledger.total("prewatt_ledger_topups_total", outcome="credited"))
        view.notices = int(notifier.total("prewatt_notifier_notices_total", outcome="delivered"))
        view.latencies = [
            Latency(
                stage,
                *(scrapes[service].quantile(name, q, **labels) for q in (0.5, 0.95, 0.99)),
            )
            for stage, service, name, labels in _STAGES
        ]
        view.by_state = self._totals()["accounts_by_state"]
        with self._ledger() as client:
            view.watched = [
                self._watched(client, household) for household in self._households[:WATCHED]
            ]

    def _watched(self, client: httpx.Client, household: Household) -> Watched:
        account = client.get("/v1/accounts", params={"number": household.number}).json()
        return Watched(
            household.number,
            account["balance_micro"],
            max(household.balance_micro, 5 * MICRO),
            account["supply_state"],
        )

    def _totals(self) -> dict[str, dict[str, int]]:
        with self._ledger() as client:
            return client.get("/v1/totals").raise_for_status().json()

    def _ledger(self) -> httpx.Client:
        return self._target.client("prepay-ledger")

    @staticmethod
    def _month(at: datetime) -> str:
        return f"{at.astimezone(ZoneInfo(TIMEZONE)):%Y-%m}"


def _charged(ledger: Scrape) -> int:
    return int(ledger.total("prewatt_consumer_records_total", group="prepay-ledger.readings"))


def _quarter(at: datetime) -> datetime:
    return at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)


def _print_addresses(console: Console, stack: Stack) -> None:
    console.print("left running; stop it with `.venv/bin/devstack down --name demo`")
    for service in stack.endpoints.service_ports:
        console.print(f"{service:<14} {stack.endpoints.service_url(service)}/docs")
    console.print(f"{'prometheus':<14} {stack.endpoints.prometheus_url}")
    console.print(f"export PREWATT_STATE_DIR={stack.state_dir}")
