"""Policies as people make them: over HTTP and by ``prewatt policy``, on the running ledger."""

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from typer.testing import CliRunner, Result

from prewatt_cli.__main__ import app

pytestmark = pytest.mark.stack

EXAMPLE = Path(__file__).parents[3] / "docs" / "policies" / "china.yaml"
DOCUMENT = {
    "title": "of a test",
    "calendars": {"night": {"friendly_hours": [{"begin": "22:00", "end": "07:00"}]}},
    "classes": {"household": {"calendar": "night"}},
}


@pytest.fixture(autouse=True)
async def calm(ledger: Any) -> AsyncGenerator[None]:
    """What a test publishes holds for the tests after it: in the end one holds that holds no cut,
    as what is built in."""
    yield
    drafted = await post(ledger, "/v1/policies", document={})
    outcome = await prewatt(ledger, "publish", drafted["id"], "--reason", "calm", "--who", "bob")
    assert outcome.exit_code == 0, outcome.output


async def post(ledger: Any, path: str, *, status: int = 201, **body: Any) -> dict[str, Any]:
    answer = await ledger.api.post(path, json={"reason": "test"} | body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def get(ledger: Any, path: str, **query: str) -> dict[str, Any]:
    answer: httpx.Response = await ledger.api.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def prewatt(ledger: Any, *arguments: object) -> Result:
    state_dir = str(ledger.stack.state_dir)
    more = [] if arguments[0] == "check" else ["--state-dir", state_dir]
    command = ["policy", *map(str, arguments), *more]
    return await asyncio.to_thread(CliRunner(env={"COLUMNS": "200"}).invoke, app, command)


async def test_two_people_publish_and_it_is_in_force(ledger: Any) -> None:
    drafted = await post(ledger, "/v1/policies", document=DOCUMENT)
    path = f"/v1/policies/{drafted['id']}"
    assert (drafted["state"], drafted["number"]) == ("drafted", None)
    assert drafted["document"]["default"]["commands"]["attempts_max"] == 8, "all is written out"
    refused = await post(ledger, f"{path}/publish", status=403)
    assert refused["type"] == "urn:prewatt:problem:needs-second-person"
    changes = await get(ledger, f"{path}/differences")
    assert {
        "of": "class household",
        "field": "calendar",
        "before": "none",
        "after": "night",
    } in changes["differences"]
    outcome = await prewatt(ledger, "publish", drafted["id"], "--reason", "seen", "--who", "bob")
    assert outcome.exit_code == 0, outcome.output
    published = await get(ledger, path)
    assert published["state"] == "published"
    assert (published["drafted"]["by"], published["decided"]["by"]) == ("test", "bob")
    holding = await get(ledger, "/v1/policies/in-force", customer_class="household")
    assert (holding["policy_id"], holding["number"]) == (drafted["id"], published["number"])
    assert (holding["is_named"], holding["terms"]["calendar"]) == (True, "night")
    assert holding["calendar"]["friendly_hours"][0]["begin"] == "22:00"
    other = await get(ledger, "/v1/policies/in-force", customer_class="enterprise")
    assert (other["is_named"], other["calendar"]) == (False, None)
    past = await get(ledger, "/v1/policies/in-force", at="2020-01-01T00:00:00Z")
    assert past["number"] == 0, "what is built in"
    listed = await get(ledger, "/v1/policies", limit="1")
    assert listed["items"][0]["id"] == drafted["id"]
    assert (await post(ledger, f"{path}/withdraw", status=409))["detail"].endswith("follow it.")


async def test_a_person_drafts_compares_shows_and_publishes(ledger: Any) -> None:
    drafted = await prewatt(ledger, "draft", EXAMPLE, "--reason", "2027", "--who", "ann")
    assert drafted.exit_code == 0, drafted.output
    policy_id = drafted.output.strip()
    changes = await prewatt(ledger, "diff", policy_id)
    assert "class municipal: protected: no -> yes" in changes.output.splitlines()
    same = await prewatt(ledger, "diff", policy_id, policy_id)
    assert same.output.strip() == "they say the same"
    own = await prewatt(ledger, "publish", policy_id, "--reason", "me", "--who", "ann")
    assert (own.exit_code, len(own.output.splitlines())) == (2, 1)
    assert "somebody else than ann" in own.output
    outcome = await prewatt(ledger, "publish", policy_id, "--reason", "seen", "--who", "bob")
    assert " holds from " in outcome.output
    shown = json.loads((await prewatt(ledger, "show", "--class", "enterprise")).output)
    assert shown["terms"]["evidence"]["disputed_readings"] is True
    whole = json.loads((await prewatt(ledger, "show", policy_id)).output)
    assert "高考" in json.dumps(whole, ensure_ascii=False)
    later = ["--from", "2099-01-01T00:00:00"]
    drafted = await prewatt(ledger, "draft", EXAMPLE, "--reason", "far", *later)
    gone = await prewatt(ledger, "withdraw", drafted.output.strip(), "--reason", "no")
    assert gone.output.strip() == "withdrawn"


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"document": {"default": {"commands": {"lifetime_s": 0}}}}, 422, "lifetime_s"),
        ({"document": {}, "effective_from": "2020-01-01T00:00:00Z"}, 409, "which is past"),
        ({"document": {}, "effective_from": "2020-01-01"}, 422, "effective_from"),
    ],
)  # fmt: skip
async def test_what_cannot_be_a_policy_is_refused(
    ledger: Any, body: dict[str, Any], status: int, said: str
) -> None:
    assert said in (await post(ledger, "/v1/policies", status=status, **body))["detail"]


async def test_an_account_is_protected_for_a_time(ledger: Any) -> None:
    account = await ledger.open()
    path = f"/v1/accounts/{account['id']}/protections"
    granted = await post(ledger, path, kind="medical", papers="clinic 5, file 7")
    assert granted["decided"]["by"] == "test"
    assert (await get(ledger, path))["items"] == [granted]
    ended = await post(ledger, f"{path}/{granted['id']}/end", status=200)
    assert (ended["revision"], ended["papers"]) == (2, "clinic 5, file 7")
    again = await post(ledger, f"{path}/{granted['id']}/end", status=200)
    assert again == ended
    assert "takes papers" in (await post(ledger, path, kind="medical", status=409))["detail"]
    await post(ledger, f"/v1/accounts/{uuid4()}/protections", kind="medical", status=404)
    await post(ledger, f"{path}/{uuid4()}/end", status=404)


async def test_a_period_is_declared_and_ended(ledger: Any) -> None:
    path = "/v1/protected-periods"
    body = {"kind": "heat", "name": "red", "ends_at": "2099-01-01T00:00:00Z"}
    assert "longer than 366 days" in (await post(ledger, path, **body, status=409))["detail"]
    body["begins_at"] = "2098-12-31T00:00:00Z"
    await post(ledger, path, **body, area="east", status=422)
    declared = await post(ledger, path, **body, area_level="line", area="east")
    assert (await get(ledger, path, limit="1"))["items"] == [declared]
    ended = await post(ledger, f"{path}/{declared['id']}/end", status=200)
    assert (ended["revision"], ended["begins_at"]) == (2, ended["ends_at"])
    await post(ledger, f"{path}/{uuid4()}/end", status=404)
