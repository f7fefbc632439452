"""A day's list of cuts over HTTP, with the running ledger."""

from typing import Any
from uuid import uuid4

import pytest
from ledger_law import document, published, somebody_else

pytestmark = pytest.mark.stack

CUT_LIST = {
    "approver_role": "duty",
    "canary": 1,
    "per_hour": 3600,
    "staffed": [{"begin": "00:00", "end": "23:59"}],
}


async def test_a_list_from_its_draft_to_its_stop(ledger: Any) -> None:
    made = await published(ledger, document(cut_list=CUT_LIST))
    accounts = [(await ledger.open())["id"] for _ in range(2)]
    body = {
        "jurisdiction": made["jurisdiction"],
        "account_ids": accounts,
        "reason": "nothing left",
    }
    drafted = await ledger.api.post("/v1/cut-lists", json=body)
    assert drafted.status_code == 201, drafted.text
    path = f"/v1/cut-lists/{drafted.json()['id']}"
    approval = {"role": "duty", "reason": "looked at"}
    alone = await ledger.api.post(f"{path}/approve", json=approval)
    assert (alone.status_code, alone.headers["content-type"]) == (403, "application/problem+json")
    async with somebody_else(ledger) as other:
        approved = await other.post(f"{path}/approve", json=approval)
    assert (approved.status_code, approved.json()["approved"]["by"]) == (200, "wu")

    async def the_canary_may_go() -> bool:
        return (await ledger.api.get(path)).json()["released"] == 1

    await ledger.until(the_canary_may_go, what="the first line is released")
    lines = (await ledger.api.get(f"{path}/lines")).json()["items"]
    assert [(each["number"], each["account_id"], each["state"]) for each in lines] == [
        (1, accounts[0], "waiting"),
        (2, accounts[1], "waiting"),
    ]
    stopped = await ledger.api.post(f"{path}/stop", json={"reason": "a storm"})
    assert (stopped.status_code, stopped.json()["state"]) == (200, "stopped")
    assert (await ledger.api.get(path)).json()["released"] == 0


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"jurisdiction": "nowhere"}, 409),
        ({"account_ids": []}, 422),
        ({"account_ids": [str(uuid4())]}, 409),
        ({"reason": ""}, 422),
    ],
)
async def test_what_cannot_be_a_list_is_refused(ledger: Any, change: Any, status: int) -> None:
    made = await published(ledger, document(cut_list=CUT_LIST))
    body = {"jurisdiction": made["jurisdiction"], "reason": "r"}
    body |= {"account_ids": [(await ledger.open())["id"]]} | change
    answer = await ledger.api.post("/v1/cut-lists", json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_list_that_there_is_not_is_not_found(ledger: Any) -> None:
    path = f"/v1/cut-lists/{uuid4()}"
    for answer in (
        await ledger.api.get(path),
        await ledger.api.get(f"{path}/lines"),
        await ledger.api.post(f"{path}/approve", json={"role": "duty", "reason": "r"}),
        await ledger.api.post(f"{path}/stop", json={"reason": "r"}),
    ):
        assert answer.status_code == 404, answer.text
