"""Emergency credit over HTTP: what a customer's app may do, and a ledger that dies meanwhile."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
from ledger_cli import prewatt
from ledger_law import ALL_IS_NEW
from ledger_proofs import BEHIND, ledger_behind_proxy
from ledger_proxy import At, DatabaseProxy

pytestmark = pytest.mark.stack

MICRO = 1_000_000
CREDIT = {"amount_micro": 10 * MICRO, "offered_at_micro": 5}


@pytest.fixture
async def helping(ledger: Any) -> AsyncGenerator[Any]:
    """The ledger, under a policy that offers emergency credit."""
    await ledger.in_force({"default": ALL_IS_NEW | {"emergency_credit": CREDIT}})
    yield ledger
    await ledger.in_force({"default": ALL_IS_NEW})


def path_of(account: dict[str, Any]) -> str:
    return f"/v1/accounts/{account['id']}/emergency-credit"


async def accept(
    app: httpx.AsyncClient, account: dict[str, Any], key: str, means: str = "app"
) -> httpx.Response:
    body = {"means": means, "reason": "Accepted in the app"}
    return await app.post(path_of(account), json=body, headers={"Idempotency-Key": key})


async def test_an_app_sees_what_is_offered_and_accepts_it(helping: Any) -> None:
    account = await helping.open()
    async with helping.http("ledger:emergency-credit") as app:
        before = (await app.get(path_of(account))).json()
        assert (before["credit"]["state"], before["refused"]) == ("offered", None)
        assert (before["left_micro"], before["used_micro"]) == (0, 0)
        answer = await accept(app, account, "a-1")
        assert answer.status_code == 200, answer.text
        assert answer.json() == (await accept(app, account, "a-1")).json()
        after = (await app.get(path_of(account))).json()
        assert (after["credit"]["state"], after["left_micro"]) == ("accepted", 10 * MICRO)
        assert (after["credit"]["accepted_by"], after["refused"]) == ("test", "used_already")
        refused = await accept(app, account, "a-2")
        assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (
            409, "emergency-credit-refused",
        )  # fmt: skip
        assert (await accept(app, account, "a-1", "sms")).status_code == 409
        unknown = {"id": "00000000-0000-0000-0000-000000000000"}
        assert (await accept(app, unknown, "a-1")).status_code == 404
        assert (await app.get(f"/v1/accounts/{account['id']}")).status_code == 403
    assert (await accept(helping.api, account, "a-3")).status_code == 403
    stands = await helping.account(account)
    assert (stands["emergency_credit_micro"], stands["supply_state"]) == (10 * MICRO, "warned")


async def test_it_is_accepted_at_a_desk(helping: Any) -> None:
    account = await helping.open()
    code, said = await prewatt(helping, "credit", "show", account["number"])
    assert (code, "offered: 10.00 CNY" in said, "left: 0.00 CNY" in said) == (0, True, True), said
    accept = ("credit", "accept", account["number"], "--reason", "came to the desk")
    code, said = await prewatt(helping, *accept)
    assert (code, "may use 10.00 more" in said) == (0, True), said
    code, said = await prewatt(helping, "credit", "show", account["number"])
    assert (code, "nothing can be accepted now: used_already" in said) == (0, True), said
    assert "left: 10.00 CNY" in said
    code, said = await prewatt(helping, *accept)
    assert (code, said.count("\n")) == (2, 1), said


@pytest.mark.chaos
@pytest.mark.parametrize("where", [At.COMMIT, At.COMMITTED])
async def test_it_is_accepted_once_whenever_the_ledger_dies(helping: Any, where: At) -> None:
    """Acceptance and review commit together: never one without the other."""
    account = await helping.open()
    proxy: DatabaseProxy
    async with (
        ledger_behind_proxy(helping) as proxy,
        helping.http("ledger:emergency-credit") as app,
    ):

        async def kill() -> None:
            await asyncio.to_thread(helping.stack.kill, BEHIND)

        async with proxy.breaking("INSERT INTO emergency_credit", where, first=kill):
            with pytest.raises(httpx.TransportError):
                await accept(app, account, "k-1")
        await asyncio.to_thread(helping.stack.start, BEHIND)
        answer = await accept(app, account, "k-1")
        assert answer.status_code == 200, answer.text
        rows = await helping.sql(
            "SELECT state, key FROM emergency_credit WHERE account_id = $1", account["id"]
        )
        assert [tuple(row) for row in rows] == [("accepted", "k-1")]
        stands = await helping.account(account)
        assert (stands["emergency_credit_micro"], stands["supply_state"]) == (10 * MICRO, "warned")
