"""Correction runs of the running service: over HTTP, and killed in the midst of them."""

import asyncio
import time
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from ledger_cases import Case, steady
from ledger_expected import ENERGY, STANDING, VAT, Agreed, document
from test_ledger_agreements_stack import imported

from prewatt_common.clock import utc_now

pytestmark = pytest.mark.stack


def dearer(case: Case) -> dict[str, Any]:
    """Its standing charge three times as high."""
    components = [ENERGY, STANDING | {"micro_per_day": 999_999}, VAT]
    return document(case.code, components=components)


async def drafted(case: Case, body: dict[str, Any]) -> str:
    """Its path, once its preview is worked out."""
    draft = {"document": body, "reason": "a price was typed wrongly"}
    answer = await case.ledger.api.post("/v1/corrections", json=draft)
    assert answer.status_code == 201, answer.text
    assert answer.json()["preview"] is None
    path = f"/v1/corrections/{answer.json()['id']}"
    await until(case, path, "previewed")
    return path


async def until(case: Case, path: str, state: str) -> dict[str, Any]:
    async def there() -> dict[str, Any] | None:
        run = (await case.ledger.api.get(path)).json()
        return run if run["state"] == state else None

    return await case.ledger.until(there, what=f"{path} is {state}")


async def test_a_run_over_http(ledger) -> None:
    case = Case(ledger)
    await case.publish()
    account, meter = await case.home()
    await ledger.pay(account["number"], 10**9)
    await case.read(meter, steady(40))
    right = dearer(case)
    path = await drafted(case, right)
    refused = await ledger.api.post("/v1/tariffs", json={"document": right, "reason": "so?"})
    assert (refused.status_code, "correction" in refused.text) == (409, True)
    answer = await ledger.api.post(f"{path}/release", json={"reason": "seen"})
    assert answer.status_code == 200, answer.text
    # Who comes now is charged as is right from the beginning.
    case.documents[0] = right
    other, _ = await case.home()
    run = await until(case, path, "done")
    assert (run["correction"], run["agreements_left"], run["trouble"]) == (1, 0, None)
    assert (run["drafted"]["by"], run["released"]["by"]) == ("test", "test")
    await case.settles(other)
    case.entries.clear()
    told = await case.told(account)
    assert told == [each for each in case.owed(account) if any(micro for _, _, micro in each[1])]
    (shown,) = (await ledger.api.get(f"{path}/accounts")).json()["items"]
    entries = await ledger.newest(account, "entries")
    assert (
        sum(
            each["amount_micro"]
            for each in entries
            if each["source"] == path.replace("/v1/corrections/", "correction/")
        )
        == shown["charge_micro"] - shown["new_charge_micro"]
    )
    versions = [
        each
        for each in (await ledger.api.get("/v1/tariffs?limit=1000")).json()["items"]
        if each["code"] == case.code
    ]
    assert [each["correction"] for each in versions] == [0, 1]
    assert (await ledger.api.get("/v1/corrections")).json()["items"][0]["id"] == run["id"]
    for call, status, kind in (
        (ledger.api.post(f"{path}/withdraw", json={"reason": "late"}), 409, "correction-refused"),
        (ledger.api.get(f"/v1/corrections/{uuid4()}"), 404, "unknown-correction"),
        (ledger.api.get(f"/v1/corrections/{uuid4()}/accounts"), 404, "unknown-correction"),
        (
            ledger.api.post(f"/v1/corrections/{uuid4()}/release", json={"reason": "r"}),
            404,
            "unknown-correction",
        ),
        (
            ledger.api.post("/v1/corrections", json={"document": {}, "reason": "r"}),
            422,
            "invalid-tariff",
        ),
    ):
        answer = await call
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"].endswith(kind)
    await ledger.sums_to_zero()


@pytest.mark.timeout(280)
async def test_killed_in_the_midst_of_a_run_each_agreement_is_corrected_once(ledger) -> None:
    """Over a thousand of them."""
    case, count = Case(ledger), 1_200
    await case.publish()
    first = utc_now().date() - timedelta(days=40)
    await imported(case, count, first)
    path = await drafted(case, dearer(case))
    answer = await ledger.api.post(f"{path}/release", json={"reason": "seen"})
    assert answer.status_code == 200, answer.text

    async def reached() -> int:
        rows = await ledger.sql(
            "SELECT count(*) AS n FROM agreement WHERE tariff_code = $1 AND corrections = 1",
            case.code,
        )
        return rows[0]["n"]

    seen: list[int] = []
    for pause in (0.2, 0.5, 0.3):
        begun = await reached()

        async def more(begun: int = begun) -> bool:
            return await reached() > min(begun, count - 1)

        await ledger.until(more, what="it goes on")
        await asyncio.sleep(pause)
        await asyncio.to_thread(ledger.stack.kill, "prepay-ledger")
        seen.append(await reached())
        await asyncio.to_thread(ledger.stack.start, "prepay-ledger")
    print(f"\nkilled at {seen} of {count}")
    assert seen[0] < count
    began, left = time.monotonic(), count - await reached()
    await until(case, path, "done")
    print(f"{left} agreements in {time.monotonic() - began:.1f} s")
    case.documents[0] = dearer(case)
    account = (await ledger.api.get("/v1/accounts", params={"number": f"{case.code}-7"})).json()
    case.agreed[account["id"]] = [Agreed(documents=case.documents, first_day=first)]
    await case.settles(account)
    rows = await ledger.sql(
        "SELECT -sum(amount_micro)::bigint AS micro, count(*) AS n FROM entry AS e "
        "JOIN journal AS j ON j.id = e.journal_id WHERE j.source = $1 GROUP BY account_id",
        "correction/" + path[-36:],
    )
    assert len(rows) == count
    assert len({tuple(row) for row in rows}) == 1
    assert rows[0]["n"] == len({first.replace(day=1), *months(first)})


def months(first: date) -> set[date]:
    """The first days of those from ``first`` to today."""
    today = utc_now().date()
    return {
        (first + timedelta(days=number)).replace(day=1)
        for number in range((today - first).days + 1)
    }
