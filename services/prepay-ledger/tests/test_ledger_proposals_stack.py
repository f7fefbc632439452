"""What waits for a second person on the running ledger: over HTTP, of every kind, and killed."""

import asyncio
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import pytest
from ledger_bank import details, entry, mt940
from ledger_law import somebody_else
from ledger_vending import MICRO, a_shop, balance, client, refusal
from test_ledger_bank_stack import a_bank, home, states

pytestmark = pytest.mark.stack

MUCH = 10_001 * MICRO
"""The tests' ledger asks for a second person above 10,000."""
WHY = {"reason": "letter 4711"}


async def decide(ledger: Any, proposal: Any, what: str = "approve") -> httpx.Response:
    """By somebody else than the tests' usual person."""
    async with somebody_else(ledger) as other:
        return await other.post(f"/v1/proposals/{proposal['id']}/{what}", json=WHY)


def waiting(answer: httpx.Response, kind: str) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    proposal = answer.json()
    assert (proposal["kind"], proposal["state"]) == (kind, "waiting")
    return proposal


async def asked(ledger: Any, path: str, *, key: str | None = None, **body: Any) -> httpx.Response:
    return await ledger.api.post(
        path, json=body | WHY, headers={"idempotency-key": key or str(uuid4())}
    )


async def test_an_adjustment_waits_is_listed_and_is_an_entry_once_approved(ledger: Any) -> None:
    account = await ledger.open()
    adjust = partial(
        asked, ledger, "/v1/adjustments", key=f"k-{uuid4()}", account_id=account["id"],
        amount_micro=MUCH, cause="goodwill",
    )  # fmt: skip
    proposal = waiting(await adjust(), "adjustment")
    assert (await adjust()).json() == proposal
    own = await ledger.api.post(f"/v1/proposals/{proposal['id']}/approve", json=WHY)
    assert refusal(own) == (403, "needs-second-person")
    listed = await ledger.api.get("/v1/proposals?state=waiting&kind=adjustment")
    assert proposal in listed.json()["items"]
    assert await balance(ledger, account) == 0
    answer = await decide(ledger, proposal)
    assert (answer.status_code, answer.json()["state"]) == (200, "approved"), answer.text
    assert (await ledger.api.get(f"/v1/proposals/{proposal['id']}")).json() == answer.json()
    done = await adjust()
    assert (done.status_code, done.json()["proposal_id"]) == (201, proposal["id"])
    of = f"account_id={account['id']}"
    assert (await ledger.api.get(f"/v1/adjustments?{of}")).json()["items"] == [done.json()]
    (told,) = (await ledger.api.get(f"/v1/accounts/{account['id']}/entries")).json()["items"]
    assert (told["kind"], told["amount_micro"]) == ("adjustment", MUCH)
    assert refusal(await decide(ledger, proposal, "refuse")) == (409, "proposal-decided")
    wrong = await asked(
        ledger, "/v1/adjustments", account_id=account["id"], amount_micro=-1, cause="goodwill"
    )
    assert refusal(wrong) == (422, "cause-of-other-sign")
    await ledger.sums_to_zero()


async def test_a_transfer_closes_one_supply_as_it_opens_another(ledger: Any) -> None:
    (right, _), (wrong, _) = [await ledger.household(paid_micro=micro) for micro in (0, 9 * MICRO)]
    done = await asked(
        ledger, "/v1/transfers", from_account_id=wrong["id"], to_account_id=right["id"],
        amount_micro=9 * MICRO,
    )  # fmt: skip
    assert done.status_code == 201, done.text
    assert (await ledger.account(wrong))["supply_state"] == "disconnecting"
    assert await balance(ledger, right) == 9 * MICRO
    for account in (right, wrong):
        listed = await ledger.api.get(f"/v1/transfers?account_id={account['id']}")
        assert listed.json()["items"] == [done.json()]
    more = await asked(
        ledger, "/v1/transfers", from_account_id=wrong["id"], to_account_id=right["id"],
        amount_micro=1,
    )  # fmt: skip
    assert refusal(more) == (409, "balance-too-low")
    await ledger.sums_to_zero()


async def test_much_credit_of_a_vendor_waits_and_closing_it_does_not(ledger: Any) -> None:
    limits = {"day_limit_micro": 5_000 * MICRO, "credit_limit_micro": MUCH, "is_open": True}
    async with a_shop(ledger, float_micro=0) as shop:
        path = f"/v1/vendors/{shop.code}/limits"
        body = {"code": "n-1", "name": "n", "kind": "shop", "currency": "CNY"} | limits | WHY
        opened = await ledger.api.post("/v1/vendors", json=body)
        assert refusal(opened) == (403, "needs-second-person")
        first = waiting(await ledger.api.put(path, json=limits | WHY), "vendor-limits")
        assert (await ledger.api.put(path, json=limits | WHY)).json() == first
        closed = {"day_limit_micro": 5_000 * MICRO, "is_open": False}
        assert (await ledger.api.put(path, json=closed | WHY)).status_code == 200
        # It would open again what somebody has closed meanwhile.
        assert refusal(await decide(ledger, first)) == (409, "vendor-limits-changed")
        assert (await decide(ledger, first, "refuse")).json()["state"] == "refused"
        second = waiting(await ledger.api.put(path, json=limits | WHY), "vendor-limits")
        async with client(ledger, shop.subject, "ledger:write") as seller:
            own = await seller.post(f"/v1/proposals/{second['id']}/approve", json=WHY)
        assert refusal(own) == (403, "duties-not-separate")
        assert (await decide(ledger, second)).status_code == 200
        assert (await shop.now())["credit_limit_micro"] == MUCH
        # Who approved has decided about it as well, and does not sell for it.
        for who in ("wu", "test"):
            seller = await ledger.api.post(
                f"/v1/vendors/{shop.code}/sellers", json={"subject": who} | WHY
            )
            assert refusal(seller) == (403, "duties-not-separate")


async def test_much_money_of_a_vendor_is_paid_in_and_reversed_by_two(ledger: Any) -> None:
    async with a_shop(ledger, float_micro=0) as shop, a_shop(ledger, float_micro=0) as other:
        # A key is a vendor's own.
        waiting(await other.fund(MUCH, key="f1", reference="S1"), "vendor-funding")
        proposal = waiting(await shop.fund(MUCH, key="f1", reference="S1"), "vendor-funding")
        assert (await shop.fund(MUCH, key="f1", reference="S1")).json() == proposal
        again = await shop.fund(MUCH, key="f2", reference="S1")
        assert refusal(again) == (409, "another-proposal-waits")
        assert (await shop.now())["balance_micro"] == 0
        assert (await decide(ledger, proposal)).status_code == 200
        funding = (await shop.fund(MUCH, key="f1", reference="S1")).json()
        assert (funding["who"], funding["amount_micro"]) == ("test", MUCH)
        path = f"/v1/vendors/{shop.code}/fundings/{funding['id']}/reverse"
        async with client(ledger, "wang", "ledger:write") as wang:
            reverse = partial(wang.post, path, json=WHY, headers={"idempotency-key": "r1"})
            reversal = waiting(await reverse(), "vendor-funding-reversal")
            assert (await shop.now())["balance_micro"] == await shop.posted_micro() == MUCH
            assert (await decide(ledger, reversal)).status_code == 200
            reversed_ = (await reverse()).json()
        assert reversed_["reversal"]["who"] == "wang"
        assert (await shop.now())["balance_micro"] == await shop.posted_micro() == 0


async def test_a_doubtful_line_of_much_money_is_taken_by_two(ledger: Any) -> None:
    bank = await a_bank(ledger)
    account, reference = await home(ledger)
    much = f"{MUCH // MICRO}"
    (first,) = await bank.sends(entry(much, ref="A", tx=[details(text=reference)], ccy="CNY"))
    assert first["state"] == "credited"
    swift = mt940(
        f":61:2603020302C{much},00NTRFNONREF\r\n:86:{reference}",
        opening="0,", closing=f"{much},", account=bank.account,
    ).replace("EUR", "CNY")  # fmt: skip
    lines = await bank.gives(swift.encode())
    assert states(lines) == ["doubtful"]
    proposal = waiting(await bank.settle(lines[0], "take"), "bank-line")
    assert (await bank.settle(lines[0], "take")).json() == proposal
    assert await balance(ledger, account) == MUCH
    answer = await decide(ledger, proposal)
    assert answer.status_code == 200, answer.text
    assert await balance(ledger, account) == 2 * MUCH
    assert refusal(await bank.settle(lines[0], "take")) == (409, "bank-line-not-open")


async def test_a_deposit_of_much_is_held_and_given_back_by_two(ledger: Any) -> None:
    account = await ledger.open()
    hold = partial(
        asked, ledger, f"/v1/accounts/{account['id']}/deposits", key=f"k-{uuid4()}", kind="cash",
        amount_micro=MUCH, currency="CNY", reference="receipt 1", place="cash",
        valid_from="2026-01-01",
    )  # fmt: skip
    proposal = waiting(await hold(), "deposit-hold")
    own = await ledger.api.post(f"/v1/proposals/{proposal['id']}/approve", json=WHY)
    assert refusal(own) == (403, "needs-second-person")
    assert (await decide(ledger, proposal)).status_code == 200
    deposit = await hold()
    assert (deposit.status_code, deposit.json()["left_micro"]) == (201, MUCH), deposit.text
    path = f"/v1/deposits/{deposit.json()['id']}"
    drawn = await asked(ledger, f"{path}/draw", amount_micro=MUCH)
    assert refusal(drawn) == (409, "deposit-refused")
    back = partial(
        asked, ledger, f"{path}/release", key=f"k-{uuid4()}", amount_micro=MUCH, place="balance"
    )
    proposal = waiting(await back(), "deposit-release")
    assert await balance(ledger, account) == 0
    assert (await decide(ledger, proposal)).status_code == 200
    done = await back()
    assert (done.status_code, done.json()["left_micro"]) == (200, 0)
    assert await balance(ledger, account) == MUCH
    await ledger.sums_to_zero()


@pytest.mark.timeout(200)
async def test_killed_in_approvals_each_is_done_once_in_the_end(ledger: Any) -> None:
    rich, poor = await ledger.open(), await ledger.open()
    answer = await ledger.pay(rich["number"], 30 * MUCH)
    assert answer.status_code == 200, answer.text
    done = asyncio.Event()

    async def until_answered(ask: Any) -> httpx.Response:
        """The same again until it is answered."""
        while True:
            try:
                answer = await ask()
            except httpx.HTTPError:
                await asyncio.sleep(0.1)
                continue
            if answer.status_code != 503:
                return answer

    async def work() -> None:
        for turn in range(24):
            transfer = partial(
                asked, ledger, "/v1/transfers", key=f"{poor['id']}-{turn}",
                from_account_id=rich["id"], to_account_id=poor["id"], amount_micro=MUCH,
            )  # fmt: skip
            proposal = waiting(await until_answered(transfer), "transfer")
            approved = await until_answered(partial(decide, ledger, proposal))
            assert approved.status_code == 200, approved.text
            told = await until_answered(transfer)
            assert told.status_code == 201, told.text
        done.set()

    async def kill() -> None:
        for _ in range(4):
            await asyncio.sleep(0.3)
            if done.is_set():
                break
            await asyncio.to_thread(ledger.stack.kill, "prepay-ledger")
            await asyncio.to_thread(ledger.stack.start, "prepay-ledger")

    await asyncio.gather(work(), kill())
    assert await balance(ledger, rich) == 6 * MUCH
    assert await balance(ledger, poor) == 24 * MUCH
    counted = await ledger.sql("SELECT count(*) FROM transfer WHERE to_account_id = $1", poor["id"])
    assert counted[0][0] == 24
    await ledger.sums_to_zero()
