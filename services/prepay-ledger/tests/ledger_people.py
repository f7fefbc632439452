"""What people decide, and all that it leaves behind: to be the same whatever broke on the way."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
from ledger_cases import DAY, at
from ledger_expected import document
from ledger_proofs import nothing_to_publish, told_facts

MICRO = 1_000_000
DEARER = "test-dearer"
_UNBOUND = "SELECT FROM unbound_reading WHERE meter_id = $1"
_FACT = 'INSERT INTO "fact"'
_DAYS, _STEP_H, _STEP_WH = 40, 12, 500
_PAID_MICRO = 100 * MICRO
_READ_MICRO = 80 * MICRO
"""What the readings cost at the test's price."""


@dataclass(frozen=True)
class Home:
    """An account with a meter that is read, another meter that nobody has installed yet and that is
    read too, and whoever moves in next."""

    ledger: Any
    account: dict[str, Any]
    meter_id: str
    other_meter: str
    tenant: dict[str, Any]

    @property
    def code(self) -> str:
        """Of a tariff that only this home's test publishes."""
        return f"t-{self.account['id'][-12:]}"


async def publish(ledger: Any, code: str) -> httpx.Response:
    """A tariff that nobody is charged by yet."""
    body = {"document": document(code, timezone="UTC"), "reason": "new"}
    return await ledger.api.post("/v1/tariffs", json=body)


async def home_of(ledger: Any) -> Home:
    """Its balance lasts for its own meter, and not for the other one."""
    account, meter_id = await ledger.household(paid_micro=_PAID_MICRO)
    tenant = await ledger.open()
    home = Home(ledger, account, meter_id, f"{meter_id}-b", tenant)
    steps = range(1, _DAYS * 24 // _STEP_H + 1)
    for each in (home.meter_id, home.other_meter):
        await ledger.read_together(*((each, n * _STEP_H * 60, n * _STEP_WH) for n in steps))
    await ledger.until_balance(account, _PAID_MICRO - _READ_MICRO)

    async def there() -> bool:
        return len(await ledger.sql(_UNBOUND, home.other_meter)) == len(steps)

    await ledger.until(there, what=f"the readings of {home.other_meter}")
    return home


@dataclass(frozen=True, kw_only=True)
class Decision:
    """``send`` asks for it; its transaction sends a statement with ``text`` in it. Who asks again
    for what was done is answered ``repeated``."""

    name: str
    send: Callable[[Home], Awaitable[httpx.Response]]
    repeated: int
    text: str = _FACT


async def _install(home: Home) -> httpx.Response:
    return await home.ledger.install(home.account, home.other_meter)


async def _move_out(home: Home) -> httpx.Response:
    body = {
        "at": at(20 * DAY),
        "register_wh": 20_100,
        "next_account_id": home.tenant["id"],
        "reason": "moved out",
    }
    return await home.ledger.api.post(f"/v1/meters/{home.meter_id}/move-out", json=body)


async def _swap(home: Home) -> httpx.Response:
    body = {
        "at": at(20 * DAY),
        "closing_wh": 19_900,
        "opening_wh": 20_000,
        "old_device": "A",
        "new_device": "B",
        "reason": "worn out",
    }
    return await home.ledger.api.post(f"/v1/meters/{home.meter_id}/swap", json=body)


async def _describe(home: Home) -> httpx.Response:
    body = {"household": False, "max_w": 10, "reason": "a small one"}
    return await home.ledger.api.put(f"/v1/meters/{home.meter_id}", json=body)


async def _edit(home: Home) -> httpx.Response:
    body = {"at": at(_DAYS * DAY), "kind": "set", "register_wh": 39_000, "reason": "misread"}
    return await home.ledger.api.post(f"/v1/meters/{home.meter_id}/edits", json=body)


async def _agree(home: Home) -> httpx.Response:
    return await home.ledger.agree(home.account, tariff_code=DEARER, first_day="2026-03-17")


async def _end(home: Home) -> httpx.Response:
    (agreed,) = (await home.ledger.account(home.account))["agreements"]
    path = f"/v1/accounts/{home.account['id']}/agreements/{agreed['id']}/end"
    return await home.ledger.api.post(path, json={"end_day": "2026-03-20", "reason": "left"})


async def _publish(home: Home) -> httpx.Response:
    return await publish(home.ledger, home.code)


DECISIONS = (
    Decision(name="install", send=_install, repeated=409),
    Decision(name="move-out", send=_move_out, repeated=409),
    Decision(name="swap", send=_swap, repeated=409),
    Decision(name="describe", send=_describe, repeated=200),
    Decision(name="edit", send=_edit, repeated=200),
    Decision(name="agree", send=_agree, repeated=409),
    Decision(name="end", send=_end, repeated=200),
    Decision(name="publish", send=_publish, repeated=200, text="INSERT INTO tariff_version"),
)


async def left_behind(home: Home) -> dict[str, Any]:
    """Everything that decisions about the home have left: in the database and on Kafka."""
    ledger = home.ledger
    await nothing_to_publish(ledger)
    about = (home.account["id"], home.tenant["id"], home.meter_id, home.other_meter, home.code)
    facts = await ledger.sql(
        "SELECT kind FROM fact WHERE body LIKE ANY($1::text[])", [f"%{each}%" for each in about]
    )
    entries = await ledger.sql(
        "SELECT e.account_id = $1 AS own, j.kind, split_part(j.source, '/', 1), e.period_first, "
        "e.amount_micro FROM entry AS e JOIN journal AS j ON j.id = e.journal_id "
        "WHERE e.account_id IN ($1, $2)",
        home.account["id"],
        home.tenant["id"],
    )
    supply = await ledger.sql(
        "SELECT state, (SELECT string_agg(action, ',') FROM command WHERE decision_id = d.id) "
        "FROM decision AS d WHERE account_id = $1",
        home.account["id"],
    )
    return {
        "balances": [
            (await ledger.account(each))["balance_micro"] for each in (home.account, home.tenant)
        ],
        "facts": Counter(row["kind"] for row in facts),
        "told": await told_facts(ledger, *about),
        "entries": Counter(map(tuple, entries)),
        "supply": Counter(map(tuple, supply)),
    }
