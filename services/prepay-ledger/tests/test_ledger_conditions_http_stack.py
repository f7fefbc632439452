"""Conditions at the running service: over HTTP, by the command line, and as facts on Kafka."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from ledger_proofs import told_facts
from typer.testing import CliRunner

from prewatt_cli.__main__ import app
from prewatt_common.clock import utc_now

pytestmark = pytest.mark.stack

WHY = "the bank has told us"


async def active(ledger: Any) -> dict[str, Any]:
    answer = await ledger.api.get("/v1/conditions", params={"active": "true", "limit": 1000})
    return {each["id"]: each for each in answer.json()["items"]}


async def test_it_is_told_once_and_ended_once(ledger) -> None:
    account = await ledger.open()
    body = {
        "kind": "payment_in_flight",
        "account_id": account["id"],
        "reference": f"bank-{uuid4().hex}",
        "until": (utc_now() + timedelta(days=2)).isoformat(),
        "reason": WHY,
    }
    answer = await ledger.api.post("/v1/conditions", json=body)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["begun"]["by"], told["begun"]["reason"], told["ended"]) == ("test", WHY, None)
    assert (await active(ledger))[told["id"]] == told
    again = await ledger.api.post("/v1/conditions", json=body | {"reason": "asked again"})
    assert (again.status_code, again.json()) == (200, told)
    later = {"until": (utc_now() + timedelta(days=3)).isoformat()}
    other = await ledger.api.post("/v1/conditions", json=body | later)
    assert (other.status_code, other.json()["type"]) == (
        409,
        "urn:prewatt:problem:condition-conflict",
    )
    path = f"/v1/conditions/{told['id']}/end"
    ended = (await ledger.api.post(path, json={"reason": "it came"})).json()
    assert (ended["ended"]["by"], ended["ended"]["reason"]) == ("test", "it came")
    twice = await ledger.api.post(path, json={"reason": "twice"})
    assert (twice.status_code, twice.json()) == (200, ended)
    assert told["id"] not in await active(ledger)
    assert await told_facts(ledger, told["id"]) == {
        "prewatt.ledger.condition-begun.v1": 1,
        "prewatt.ledger.condition-ended.v1": 1,
    }


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"kind": "payment_in_flight", "account_id": "ours"}, 422),
        ({"kind": "mode_change"}, 422),
        ({"kind": "bad_weather"}, 422),
        ({"kind": "balance_view_down", "account_id": "ours"}, 422),
        ({"kind": "balance_view_down", "until": "2026-01-01T00:00:00Z"}, 422),
        ({"kind": "balance_view_down", "until": "2099-01-01T00:00:00"}, 422),
        ({"kind": "balance_view_down", "reference": ""}, 422),
        ({"kind": "mode_change", "account_id": str(uuid4())}, 404),
    ],
)
async def test_what_cannot_be_is_refused(ledger, body, status) -> None:
    account_id = (await ledger.open())["id"]
    body = {"reference": "1", "reason": WHY} | body
    if body.get("account_id") == "ours":
        body |= {"account_id": account_id}
    answer = await ledger.api.post("/v1/conditions", json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_who_may_not_write_tells_nothing(ledger) -> None:
    body = {"kind": "balance_view_down", "reference": "1", "reason": WHY}
    async with ledger.http("ledger:read") as reader:
        assert (await reader.post("/v1/conditions", json=body)).status_code == 403


async def test_people_tell_by_the_command_line(ledger) -> None:
    async def prewatt(*arguments: str) -> tuple[int, str]:
        runner = CliRunner(env={"COLUMNS": "250"})
        state = ("--state-dir", str(ledger.stack.state_dir))
        result = await asyncio.to_thread(runner.invoke, app, ["conditions", *arguments, *state])
        return result.exit_code, result.output

    reference = f"outage-{uuid4().hex[:8]}"
    why = ("--reason", WHY, "--who", "li")
    code, said = await prewatt("begin", "balance_view_down", reference, "--hours", "1", *why)
    assert code == 0, said
    assert said.startswith("balance_view_down of the utility, until 20")
    condition_id = said.split()[-1]
    code, said = await prewatt("status")
    (line,) = [each for each in said.splitlines() if condition_id in each]
    for shown in ("balance_view_down", "the utility", reference, "li", WHY):
        assert shown in line
    code, said = await prewatt("end", condition_id, *why)
    assert (code, said) == (0, f"balance_view_down of the utility stands no more: {condition_id}\n")
    assert condition_id not in (await prewatt("status"))[1]
    account = (await ledger.open())["id"]
    for arguments, says in (
        (("end", str(uuid4())), "there is no condition"),
        (("begin", "payment_in_flight", "p", "--account", account), "say until when"),
    ):
        code, said = await prewatt(*arguments, *why)
        assert (code, len(said.splitlines())) == (2, 1)
        assert says in said
