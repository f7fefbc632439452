"""A household whose simulated meter hangs on the running gateway and ledger, and what makes its
relay move: to be the same whatever dies on the way."""

from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
from ledger_cases import at
from ledger_law import ALL_IS_NEW, document, published, somebody_else
from ledger_proofs import nothing_to_publish, told

from prewatt_cli.utility import fleet_settings
from prewatt_common.clock import utc_now
from prewatt_common.contracts.base import RelayState
from prewatt_common.contracts.topics import LEDGER_EVENTS, LEDGER_FACTS
from prewatt_common.http.auth import issue_token
from prewatt_simulator import Fleet

GATEWAY = "meter-gateway"
MICRO = 1_000_000
PAID_MICRO, USED_WH = MICRO, 1_000
"""The reading costs twice what was paid."""
OPEN, CLOSED, ARMED = RelayState.OPEN, RelayState.CLOSED, RelayState.ARMED
REASON = {"reason": "a test"}


@dataclass
class Home:
    """An account with a meter on a line of its own."""

    ledger: Any
    account: dict[str, Any]
    meter_id: str
    fleet: Fleet
    since: str = field(default_factory=lambda: utc_now().isoformat())
    payment_event: str = field(default_factory=lambda: f"e-{uuid4()}")
    path: str = ""
    """Of what a person has prepared."""

    @property
    def line(self) -> str:
        return f"line-{self.meter_id}"

    @property
    def relay(self) -> RelayState:
        return self.fleet.meters[self.meter_id].relay

    async def post(self, path: str, *, by_another: bool = False, **body: Any) -> httpx.Response:
        if not by_another:
            return await self.ledger.api.post(path, json=REASON | body)
        async with somebody_else(self.ledger) as other:
            return await other.post(path, json=REASON | body)

    async def made(self, path: str, **body: Any) -> dict[str, Any]:
        answer = await self.post(path, **body)
        assert answer.is_success, answer.text
        return answer.json()

    async def is_read(self) -> None:
        """All that was paid is used up, and more."""
        await self.ledger.read((self.meter_id, 60, USED_WH))

    async def goes_dark(self) -> None:
        await self.is_read()
        await self.rests("disconnected", OPEN)

    async def rests(self, state: str, relay: RelayState) -> None:
        """Wait until the meter and what the ledger knows of it are there, and nobody has anything
        left to do about it."""

        async def there() -> bool:
            rows = await self.ledger.sql(
                "SELECT supply_state, observed, command_id FROM account AS a "
                "JOIN installation AS i ON i.account_id = a.id LEFT JOIN relay USING (meter_id) "
                "WHERE a.id = $1",
                self.account["id"],
            )
            ((state_now, observed, outstanding),) = rows
            return self.relay is relay and (state_now, observed or "closed", outstanding) == (
                state,
                relay,
                None,
            )

        await self.ledger.until(there, what=f"{self.meter_id} rests {state}", timeout_s=60)


@asynccontextmanager
async def home_of(ledger: Any, **signed: str) -> AsyncGenerator[Home]:
    """With supply and a little money. ``signed``: otherwise than usual."""
    account, meter_id = await ledger.household(paid_micro=PAID_MICRO)
    async with gateway_api(ledger) as gateway:
        answer = await gateway.post(
            "/v1/devices/import",
            content=f"meter_id,model,codec\n{meter_id},simulator,canonical\n",
            headers={"content-type": "text/csv"},
        )
        assert answer.is_success, answer.text
    if signed:
        answer = await ledger.api.put(
            f"/v1/accounts/{account['id']}/prepay-agreement", json=_paper() | signed
        )
        assert answer.status_code == 201, answer.text
    async with Fleet(fleet_settings(ledger.stack, [meter_id])) as fleet:
        home = Home(ledger, account, meter_id, fleet)
        described = {"household": True, "line": home.line} | REASON
        assert (await ledger.api.put(f"/v1/meters/{meter_id}", json=described)).is_success
        yield home


def gateway_api(ledger: Any) -> httpx.AsyncClient:
    """In the name of somebody who may write."""
    token = issue_token(
        private_key_pem=ledger.stack.keys.auth_private, subject="test", scopes=("gateway:write",),
        now=utc_now(), lifetime=timedelta(hours=1),
    )  # fmt: skip
    url = ledger.stack.endpoints.service_url(GATEWAY)
    headers = {"authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=60)


def _paper() -> dict[str, Any]:
    return {
        "jurisdiction": "direct",
        "warning_micro": 0,
        "overdraft_micro": 0,
        "contacts": ["log"],
        "signed_at": utc_now().isoformat(),
        "signed_by": "Li",
        "paper_reference": "p-17",
        "paper_sha256": "0" * 64,
    } | REASON


@dataclass(frozen=True, kw_only=True)
class Flow:
    """``prepare`` brings a home to where ``send`` makes its relay move to ``relay``, at which the
    account is ``state``. ``sign``: what the customer of it signs, given the ledger."""

    name: str
    prepare: Callable[[Home], Awaitable[object]]
    send: Callable[[Home], Awaitable[httpx.Response | None]]
    relay: RelayState
    state: str
    sign: Callable[[Any], Awaitable[dict[str, str]]] | None = None


async def _lit(home: Home) -> None:
    await home.rests("connected", CLOSED)


async def _pay(home: Home) -> httpx.Response:
    """The same event again is the same payment."""
    body = home.ledger.payment(
        home.account["number"], 10 * MICRO, payment_id=f"p-{home.payment_event}"
    )
    return await home.ledger.deliver(body, event_id=home.payment_event)


async def _protect(home: Home) -> httpx.Response:
    path = f"/v1/accounts/{home.account['id']}/protections"
    return await home.post(path, kind="medical", papers="clinic, 17/2026")


async def _edit(home: Home) -> httpx.Response:
    """Nothing was used after all."""
    path = f"/v1/meters/{home.meter_id}/edits"
    return await home.post(path, at=at(60), kind="set", register_wh=0)


async def _dark_by_class(home: Home) -> None:
    """A draft says that nobody of the customer's class is cut."""
    await home.goes_dark()
    (signed,) = await home.ledger.sql(
        "SELECT customer_class AS name FROM prepay_agreement WHERE account_id = $1 "
        "ORDER BY version DESC LIMIT 1",
        home.account["id"],
    )
    draft = {"default": ALL_IS_NEW, "classes": {signed["name"]: {"protected": True}}}
    home.path = f"/v1/policies/{(await home.made('/v1/policies', document=draft))['id']}"


async def _publish(home: Home) -> httpx.Response:
    return await home.post(f"{home.path}/publish", by_another=True)


async def _own_class(_: Any) -> dict[str, str]:
    return {"customer_class": f"c{uuid4().hex[:8]}"}


async def _by_list(ledger: Any) -> dict[str, str]:
    terms = {
        "approver_role": "duty",
        "canary": 1,
        "per_hour": 3600,
        "staffed": [{"begin": "00:00", "end": "23:59"}],
    }
    made = await published(ledger, document(cut_list=terms, steps=[]))
    return {"jurisdiction": made["jurisdiction"]}


async def _listed(home: Home) -> None:
    await home.is_read()
    await home.ledger.until_state(home.account, "pending")
    (signed,) = await home.ledger.sql(
        "SELECT jurisdiction FROM prepay_agreement WHERE account_id = $1 "
        "ORDER BY version DESC LIMIT 1",
        home.account["id"],
    )
    drafted = await home.made(
        "/v1/cut-lists",
        jurisdiction=signed["jurisdiction"],
        account_ids=[home.account["id"]],
    )
    home.path = f"/v1/cut-lists/{drafted['id']}"


async def _approve(home: Home) -> httpx.Response:
    return await home.post(f"{home.path}/approve", by_another=True, role="duty")


async def _held(home: Home) -> None:
    """Operators hold its cut, and its money ends."""
    placed = await home.made("/v1/cut-holds", scope="line", name=home.line)
    home.path = f"/v1/cut-holds/{placed['id']}"
    await home.is_read()
    await home.ledger.until_state(home.account, "pending")


async def _release(home: Home) -> httpx.Response:
    return await home.post(f"{home.path}/end")


async def _undoing(home: Home) -> None:
    await home.goes_dark()
    draft = await home.made("/v1/cut-undos", scope="line", name=home.line, since=home.since)
    home.path = f"/v1/cut-undos/{draft['id']}"


async def _undo(home: Home) -> httpx.Response:
    return await home.post(f"{home.path}/release", by_another=True)


async def _confirmed(_: Any) -> dict[str, str]:
    return {"reconnection": "confirmed"}


CUT = Flow(name="cut", prepare=_lit, send=Home.is_read, relay=OPEN, state="disconnected")
PAYMENT = Flow(name="payment", prepare=Home.goes_dark, send=_pay, relay=CLOSED, state="connected")
ARM = Flow(
    name="arm", prepare=Home.goes_dark, send=_pay, relay=ARMED, state="armed", sign=_confirmed
)
PROTECTION = Flow(
    name="protection", prepare=Home.goes_dark, send=_protect, relay=CLOSED, state="pending"
)
EDIT = Flow(name="edit", prepare=Home.goes_dark, send=_edit, relay=CLOSED, state="connected")
POLICY = Flow(
    name="policy", prepare=_dark_by_class, send=_publish, relay=CLOSED, state="pending",
    sign=_own_class,
)  # fmt: skip
LIST = Flow(
    name="list", prepare=_listed, send=_approve, relay=OPEN, state="disconnected", sign=_by_list
)
HOLD = Flow(name="hold", prepare=_held, send=_release, relay=OPEN, state="disconnected")
UNDO = Flow(name="undo", prepare=_undoing, send=_undo, relay=CLOSED, state="pending")
FLOWS = (CUT, PAYMENT, ARM, PROTECTION, EDIT, POLICY, LIST, HOLD, UNDO)


async def left_behind(home: Home) -> dict[str, Any]:
    """Everything that a flow has left: at the meter, in the database, on Kafka."""
    ledger, about = (
        home.ledger,
        (home.account["id"], home.meter_id, home.path[-36:] or home.meter_id),
    )
    await nothing_to_publish(ledger)
    account_id = home.account["id"]
    commands = await ledger.sql(
        "SELECT action, status FROM command WHERE account_id = $1", account_id
    )
    entries = await ledger.sql(
        "SELECT j.kind, e.amount_micro FROM entry AS e JOIN journal AS j ON j.id = e.journal_id "
        "WHERE account_id = $1",
        account_id,
    )
    log = home.fleet.meters[home.meter_id].commands
    return {
        "moves": [each.relay for each in home.fleet.moves],
        "executed": sorted(log.executions.values()),
        "commands": Counter(map(tuple, commands)),
        "entries": Counter(map(tuple, entries)),
        "balance": (await ledger.account(home.account))["balance_micro"],
        "facts": await told(ledger, LEDGER_FACTS.name, *about),
        "events": await told(ledger, LEDGER_EVENTS.name, account_id),
    }
