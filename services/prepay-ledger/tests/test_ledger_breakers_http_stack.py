"""Holding cuts and undoing them at the running service: over HTTP, and by the command line."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from ledger_cli import prewatt

from prewatt_common.clock import utc_now
from prewatt_common.http.auth import issue_token

pytestmark = pytest.mark.stack

WHY = "the price was typed wrongly"
PROBLEM = "urn:prewatt:problem:"


def in_the_name_of(ledger: Any, name: str) -> dict[str, str]:
    token = issue_token(
        private_key_pem=ledger.stack.keys.auth_private,
        subject=name,
        scopes=("ledger:read", "ledger:write"),
        now=utc_now(),
        lifetime=timedelta(hours=1),
    )
    return {"authorization": f"Bearer {token}"}


async def kind_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix(PROBLEM)


async def active(ledger: Any) -> dict[str, Any]:
    answer = await ledger.api.get("/v1/cut-holds", params={"active": "true", "limit": 1000})
    return {each["id"]: each for each in answer.json()["items"]}


async def test_cuts_are_held_and_let_go(ledger) -> None:
    name = f"line-{uuid4().hex[:8]}"
    until = (utc_now() + timedelta(hours=1)).isoformat()
    body = {"scope": "line", "name": name, "until": until, "reason": WHY}
    answer = await ledger.api.post("/v1/cut-holds", json=body)
    assert answer.status_code == 201, answer.text
    hold = answer.json()
    assert (hold["scope"], hold["name"], hold["trip"], hold["ended"]) == ("line", name, None, None)
    assert (hold["placed"]["by"], hold["placed"]["reason"]) == ("test", WHY)
    assert (await active(ledger))[hold["id"]] == hold
    path = f"/v1/cut-holds/{hold['id']}/end"
    bob = in_the_name_of(ledger, "bob")
    ended = (await ledger.api.post(path, json={"reason": "over"}, headers=bob)).json()
    assert (ended["ended"]["by"], ended["ended"]["reason"]) == ("bob", "over")
    again = await ledger.api.post(path, json={"reason": "twice"})
    assert (again.status_code, again.json()) == (200, ended)
    assert hold["id"] not in await active(ledger)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"scope": "line"}, 422),
        ({"scope": "all", "name": "x"}, 422),
        ({"scope": "street", "name": "x"}, 422),
        ({"scope": "line", "name": ""}, 422),
        ({"scope": "line", "name": "x", "until": "2026-01-01T00:00:00"}, 422),
        ({"scope": "line", "name": "x", "until": "2026-01-01T00:00:00Z"}, 409),
    ],
)
async def test_what_holds_nothing_is_refused(ledger, body, status) -> None:
    answer = await ledger.api.post("/v1/cut-holds", json=body | {"reason": WHY})
    assert answer.status_code == status, answer.text


async def test_who_may_not_write_holds_nothing(ledger) -> None:
    body = {"scope": "line", "name": "x", "reason": WHY}
    async with ledger.http("ledger:read") as reader:
        assert (await reader.post("/v1/cut-holds", json=body)).status_code == 403
        assert (await reader.get("/v1/cut-undos")).status_code == 200
    nobody = f"/v1/cut-holds/{uuid4()}/end"
    answer = await ledger.api.post(nobody, json={"reason": WHY})
    assert await kind_of(answer) == (404, "unknown-cut-hold")


async def test_cuts_that_were_a_mistake_are_undone(ledger, kafka_events) -> None:
    line = f"line-{uuid4().hex[:8]}"
    account, meter_id = await ledger.household(paid_micro=10)
    described = {"household": True, "line": line, "reason": "test"}
    assert (await ledger.api.put(f"/v1/meters/{meter_id}", json=described)).status_code == 200
    since = utc_now().isoformat()
    await ledger.read((meter_id, 60, 1_000))
    await ledger.until_state(account, "disconnecting")
    (command,) = await ledger.newest(account, "commands")
    await ledger.answer(command)
    await ledger.until_state(account, "disconnected")

    body = {"scope": "line", "name": line, "since": since, "reason": WHY}
    other = await ledger.api.post("/v1/cut-undos", json=body | {"name": f"{line}-x"})
    assert await kind_of(other) == (409, "cut-undo-refused")
    answer = await ledger.api.post("/v1/cut-undos", json=body)
    assert answer.status_code == 201, answer.text
    undo = answer.json()
    assert (undo["state"], undo["accounts"], undo["dark"]) == ("drafted", 1, 1)
    path = f"/v1/cut-undos/{undo['id']}"
    (shown,) = (await ledger.api.get(f"{path}/accounts")).json()["items"]
    assert (shown["account_id"], shown["was_dark"]) == (account["id"], True)
    assert shown["supply_state"] == "disconnected"
    assert shown["balance_micro"] == (await ledger.account(account))["balance_micro"]

    mine = await ledger.api.post(f"{path}/release", json={"reason": WHY})
    assert await kind_of(mine) == (403, "needs-second-person")
    bob = in_the_name_of(ledger, "bob")
    released = await ledger.api.post(f"{path}/release", json={"reason": WHY}, headers=bob)
    assert released.status_code == 200, released.text
    told = await kafka_events("prewatt.ledger.supply-apology.v1", account_id=account["id"])
    assert (told["undo_id"], told["balance_micro"]) == (undo["id"], shown["balance_micro"])

    async def done() -> bool:
        return (await ledger.api.get(path)).json()["state"] == "done"

    await ledger.until(done, what="the undo is done")
    ended = await ledger.api.post(f"{path}/end", json={"reason": "put right"}, headers=bob)
    assert (ended.status_code, ended.json()["ended"]["by"]) == (200, "bob")


async def test_people_hold_cuts_by_the_command_line(ledger) -> None:
    name = f"area-{uuid4().hex[:8]}"
    why = ("--reason", WHY, "--who", "li")
    code, said = await prewatt(ledger, "cuts", "hold", "--station-area", name, "--hours", "8", *why)
    assert code == 0, said
    hold_id = said.split()[-1]
    assert said.startswith(f"cuts of station area {name} are held, until ")
    code, said = await prewatt(ledger, "cuts", "status")
    (line,) = [each for each in said.splitlines() if hold_id in each]
    assert f"station area {name}" in line
    assert "li" in line
    assert WHY in line
    code, said = await prewatt(ledger, "cuts", "release", hold_id, *why)
    assert (code, said) == (0, f"cuts of station area {name} are held by {hold_id} no more\n")
    assert hold_id not in (await prewatt(ledger, "cuts", "status"))[1]
    for arguments, says in (
        (("release", str(uuid4())), "there is no hold of cuts"),
        (("hold", "--line", "a", "--tariff", "b"), "give one of --tariff --line"),
    ):
        code, said = await prewatt(ledger, "cuts", *arguments, *why)
        assert (code, len(said.splitlines())) == (2, 1)
        assert says in said
