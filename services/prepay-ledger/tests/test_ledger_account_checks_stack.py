"""A vendor's day compared with ours, on PostgreSQL and over HTTP."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
from ledger_cli import prewatt
from ledger_desk import ZONE, Desk, a_desk
from ledger_vending import MICRO, a_shop, client, refusal

from prepay_ledger.account_checks.check_day import CheckDay, DayTold
from prepay_ledger.account_checks.refusals import CheckDone, DayNotOver, LineResolved
from prepay_ledger.account_checks.resolve_line import resolve_line
from prepay_ledger.account_checks.values import Check, Line, Resolution, TheirSale
from prepay_ledger.vending.refusals import DutiesNotSeparate, KeyUsedBefore, NotASeller
from prewatt_common.refusals import NeedsSecondPerson

pytestmark = pytest.mark.stack

desk = pytest.fixture(a_desk)


async def tell(desk: Desk, on: date, *sales: tuple[str, int], key: str = "p1", by: str = "li"):
    told = DayTold(
        vendor_code="desk-1",
        business_day=on,
        sales=[TheirSale(key=k, account_number="town-0", amount_micro=m) for k, m in sales],
        key=key,
        who=by,
        supervises=by == "boss",
    )
    async with desk.unit() as unit:
        return await CheckDay(zone=ZONE, clock=lambda: desk.at)(unit, told=told)


async def lines(desk: Desk, check: Check) -> dict[str, Line]:
    async with desk.unit() as unit:
        found = await unit.account_checks.lines(check.id)
    return {each.finding.key: each for each in found}


async def resolve(desk: Desk, line: Line, *, by: str = "wang", reason: str = "seen") -> Line:
    asked = Resolution(key="r1", who=by, reason=reason, at=desk.at)
    async with desk.unit() as unit:
        return await resolve_line(unit=unit, line_id=line.id, asked=asked)


async def test_a_day_is_told_resolved_told_again_and_done(desk: Desk) -> None:
    for key, micro in (("a", 5), ("b", 6), ("c", 7)):
        await desk.sell(micro, key=key)
    day = desk.business_day
    with pytest.raises(DayNotOver):
        await tell(desk, day, ("a", 5))
    desk.at += timedelta(days=1)
    with pytest.raises(NotASeller):
        await tell(desk, day, ("a", 5), by="nobody")
    check = await tell(desk, day, ("a", 5), ("b", 60), ("d", 1))
    counted = (check.their_lines, check.our_lines, check.matched_lines, check.open_lines)
    assert counted == (3, 3, 1, 3)
    assert await tell(desk, day, ("d", 1), ("b", 60), ("a", 5)) == check
    with pytest.raises(KeyUsedBefore):
        await tell(desk, day, ("a", 5))
    found = await lines(desk, check)
    assert {key: each.finding.difference for key, each in found.items()} == {
        "b": "other_amount", "c": "missing_there", "d": "missing_here",
    }  # fmt: skip
    with pytest.raises(DutiesNotSeparate):
        await resolve(desk, found["d"], by="li")
    done = await resolve(desk, found["d"])
    assert await resolve(desk, found["d"]) == done
    with pytest.raises(LineResolved):
        await resolve(desk, found["d"], reason="otherwise")
    # Told again: what was resolved stays, the rest is compared anew.
    again = await tell(desk, day, ("a", 5), ("b", 6), ("d", 1), key="p2")
    assert (again.id, again.matched_lines, again.open_lines) == (check.id, 2, 1)
    left = await lines(desk, check)
    assert left["d"] == done
    assert (set(left), left["c"].resolution) == ({"c", "d"}, None)
    assert (await tell(desk, day, ("a", 5), ("b", 6), ("c", 7), key="p3")).is_done
    with pytest.raises(CheckDone):
        await tell(desk, day, ("a", 5), key="p4")
    await desk.holds()


async def test_who_told_a_day_does_not_resolve_it(desk: Desk) -> None:
    day = desk.business_day
    desk.at += timedelta(days=1)
    check = await tell(desk, day, ("a", 5), by="boss")
    (line,) = (await lines(desk, check)).values()
    with pytest.raises(NeedsSecondPerson):
        await resolve(desk, line, by="boss")
    await resolve(desk, line)
    with pytest.raises(CheckDone):
        await tell(desk, day, ("b", 5), key="p2")


async def test_a_day_that_is_told_twice_at_once_is_one_day(desk: Desk) -> None:
    day = desk.business_day
    desk.at += timedelta(days=1)
    asked = [tell(desk, day, ("a", n + 1), key=f"p{n}") for n in range(6)]
    checks = await asyncio.gather(*asked)
    assert len({each.id for each in checks}) == 1
    assert len(await lines(desk, checks[0])) == 1


async def test_over_http_and_on_the_command_line(ledger: Any, tmp_path: Any) -> None:
    async with a_shop(ledger) as shop, client(ledger, "wang", "ledger:write") as wang:
        account = await ledger.open()
        sold = (await shop.sell(account["number"], 7 * MICRO, key="s1")).json()
        told = f"key,account_number,amount_micro\ns1,{account['number']},{7 * MICRO}\n"
        headers = {"content-type": "text/csv", "idempotency-key": "p1"}
        path = f"/v1/account-checks/{shop.code}"
        early = await shop.till.post(
            f"{path}/{sold['business_day']}", content=told, headers=headers
        )
        assert refusal(early) == (409, "business-day-not-over")
        parts = await shop.till.post(
            f"{path}/2026-03-01", content=told, headers=headers, params={"lines_before": 1}
        )
        assert refusal(parts) == (409, "account-check-in-parts")
        answer = await shop.till.post(f"{path}/2026-03-01", content=told, headers=headers)
        assert answer.status_code == 201, answer.text
        check = answer.json()
        assert (check["open_lines"], check["is_done"]) == (1, False)
        (line,) = (await ledger.api.get(f"/v1/account-checks/{check['id']}/lines")).json()["items"]
        assert line["difference"] == "missing_here"
        status, said = await prewatt(ledger, "account-checks", "lines", check["id"])
        assert (status, line["id"] in said) == (0, True), said
        resolved = await wang.post(
            f"/v1/account-checks/lines/{line['id']}/resolve",
            json={"reason": "of another day"},
            headers={"idempotency-key": "r1"},
        )
        assert (resolved.status_code, resolved.json()["resolution"]["who"]) == (200, "wang")
        status, said = await prewatt(ledger, "account-checks", "list", "--vendor", shop.code)
        assert (status, "done" in said) == (0, True), said
        file = tmp_path / "day.csv"
        file.write_text(told)
        post = ("account-checks", "post", shop.code, "2026-03-02", str(file), "--key", "p1")
        status, said = await prewatt(ledger, *post, "--who", shop.subject)
        assert (status, "1 to resolve" in said) == (0, True), said
        (found,) = (
            await ledger.api.get(f"/v1/account-checks?vendor={shop.code}&done=false")
        ).json()["items"]
        (line,) = (await ledger.api.get(f"/v1/account-checks/{found['id']}/lines")).json()["items"]
        resolve = ("account-checks", "resolve", line["id"], "--reason", "typed on the wrong day")
        assert (await prewatt(ledger, *resolve, "--who", "wang"))[0] == 0
        status, said = await prewatt(ledger, *resolve, "--who", "zhao")
        assert (status, len(said.splitlines())) == (2, 1), said
