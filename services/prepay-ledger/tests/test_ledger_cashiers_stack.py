"""Cashiers' days and cash over HTTP and ``prewatt cashier``: who may do what, and what is said."""

from typing import Any

import pytest
from ledger_cli import prewatt
from ledger_vending import MICRO, Shop, a_shop, client, refusal

pytestmark = pytest.mark.stack

DESK = {"kind": "cashier", "credit_limit_micro": 1_000 * MICRO}


def a_desk(ledger: Any) -> Any:
    return a_shop(ledger, float_micro=0, **DESK)


async def asked(till: Any, path: str, key: str, **body: Any) -> Any:
    return await till.post(path, json=body, headers={"idempotency-key": key})


async def sold_on(shop: Shop, micro: int) -> str:
    account = await shop.ledger.open()
    answer = await shop.sell(account["number"], micro)
    assert answer.status_code == 201, answer.text
    return answer.json()["business_day"]


async def test_a_day_is_counted_accepted_handed_over_and_received(ledger: Any) -> None:
    async with a_desk(ledger) as desk, client(ledger, "wang", "ledger:write") as wang:
        of = {"vendor": desk.code, "business_day": await sold_on(desk, 70 * MICRO)}
        mine = "/v1/cash-days/counts"
        plain = await asked(desk.till, mine, "c1", **of, counted_micro=68 * MICRO)
        assert refusal(plain) == (409, "cash-difference-unexplained")
        reason = {"reason": "a note was false"}
        answer = await asked(desk.till, mine, "c1", **of, counted_micro=68 * MICRO, **reason)
        assert answer.status_code == 201, answer.text
        day = answer.json()
        assert (day["state"], day["seller"]) == ("counted", desk.subject)
        assert day["count"]["difference_micro"] == -2 * MICRO
        decide = f"{mine}/{day['count']['id']}"
        assert (await asked(desk.till, f"{decide}/accept", "d", reason="x")).status_code == 403
        back = await asked(wang, f"{decide}/accept", "d1", reason="seen")
        assert (back.status_code, back.json()["state"]) == (200, "closed")
        assert (await asked(wang, f"{decide}/accept", "d1", reason="seen")).json() == back.json()
        late = await asked(wang, f"{decide}/send-back", "d2", reason="no")
        assert refusal(late) == (409, "cash-count-decided")
        own = {"vendor": desk.code, "amount_micro": 68 * MICRO, "slip": "DEP-1"}
        nobody = await asked(desk.till, "/v1/cash-hand-overs", "h1", **own, destination="person")
        assert nobody.status_code == 422
        sent = await asked(desk.till, "/v1/cash-hand-overs", "h1", **own, destination="bank")
        assert sent.status_code == 201, sent.text
        way = sent.json()
        path = f"/v1/cash-hand-overs/{way['id']}/receive"
        less = await asked(wang, path, "r1", received_micro=60 * MICRO)
        assert refusal(less) == (409, "cash-difference-unexplained")
        come = await asked(wang, path, "r1", received_micro=68 * MICRO)
        assert (come.status_code, come.json()["receipt"]["who"]) == (200, "wang")
        assert (await desk.now())["balance_micro"] == await desk.posted_micro() == 0
        posted = await ledger.posted()
        assert [posted.get(f"cash-{at}:{desk.subject}", 0) for at in ("in-hand", "in-transit")] == [
            0, 0,
        ]  # fmt: skip
        listed = await ledger.api.get("/v1/cash-days", params={"vendor": desk.code})
        (handed,) = listed.json()["items"]
        assert (handed["state"], handed["hand_over_id"]) == ("handed_over", way["id"])
        ways = await ledger.api.get(
            "/v1/cash-hand-overs", params={"vendor": desk.code, "received": True}
        )
        assert ways.json()["items"] == [come.json()]


async def test_whose_drawer_it_is_and_what_is_no_desk(ledger: Any) -> None:
    async with a_desk(ledger) as desk, a_shop(ledger) as shop:
        day = await sold_on(desk, 7 * MICRO)
        body = {"vendor": desk.code, "business_day": day, "counted_micro": 7 * MICRO}
        path = "/v1/cash-days/counts"
        stranger = await asked(shop.till, path, "c", **body)
        assert refusal(stranger) == (404, "unknown-cash-day")
        theirs = await asked(shop.till, path, "c", **body, seller=desk.subject)
        assert refusal(theirs) == (403, "not-a-seller")
        own = await asked(shop.till, path, "c", **(body | {"vendor": shop.code}))
        assert refusal(own) == (409, "not-a-desk")
        boss = client(ledger, "boss", "ledger:vend", "ledger:supervise-vends")
        async with boss:
            counted = await asked(boss, path, "c", **body, seller=desk.subject)
            assert (counted.status_code, counted.json()["count"]["who"]) == (201, "boss")


async def test_the_command_line_closes_a_day(ledger: Any) -> None:
    async with a_desk(ledger) as desk:
        day = await sold_on(desk, 70 * MICRO)
        who = ("--who", desk.subject)
        count = ("cashier", "count", desk.code, "69.50", "--day", day, "--key", "c1", *who)
        status, said = await prewatt(ledger, *count)
        assert (status, "say why it differs" in said, len(said.splitlines())) == (2, True, 1), said
        status, said = await prewatt(ledger, *count, "--reason", "short")
        assert (status, "is counted, 0.50 CNY short" in said) == (0, True), said
        count_id = said.strip().rpartition(" ")[2]
        own = ("--reason", "seen", "--key", "d1")
        refused = await prewatt(ledger, "cashier", "accept", count_id, *own, *who)
        assert refused[0] == 2
        status, said = await prewatt(ledger, "cashier", "accept", count_id, *own, "--who", "wang")
        assert (status, "is closed" in said) == (0, True), said
        status, said = await prewatt(
            ledger, "cashier", "hand-over", desk.code, "69.50", "--slip", "DEP-1", *who
        )
        assert (status, "on its way" in said) == (0, True), said
        way = said.partition(":")[0]
        status, said = await prewatt(ledger, "cashier", "hand-overs", "--on-its-way")
        assert (status, way in said) == (0, True), said
        came = await prewatt(ledger, "cashier", "receive", way, "69.50", "--who", "wang")
        assert came == (0, f"69.50 CNY of {desk.subject} has come\n")
        status, said = await prewatt(
            ledger, "cashier", "days", "--vendor", desk.code, "--state", "handed_over"
        )
        assert (status, count_id in said) == (0, True), said
