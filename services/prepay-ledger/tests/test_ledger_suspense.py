"""Money in suspense: given to an account or sent back, once, with who and why."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from ledger_law import somebody_else
from typer.testing import CliRunner

from prewatt_cli.__main__ import app
from prewatt_common.clock import utc_now
from prewatt_common.http.auth import issue_token

pytestmark = pytest.mark.stack
PROBLEM = "application/problem+json"
WHY = "customer showed the receipt"
KWH_MICRO = 2_000_000


async def assign(ledger, payment, account, *, why=WHY, **by):
    by = by or {"account_number": account["number"]}
    path = f"/v1/payments/{payment['id']}/assign"
    return await ledger.api.post(path, json={"reason": why} | by)


async def give_back(ledger, payment, *, why=WHY):
    return await ledger.api.post(f"/v1/payments/{payment['id']}/return", json={"reason": why})


async def suspended_for(ledger, given):
    """What somebody paid who typed this for the account."""
    paid = ledger.payment(given, KWH_MICRO)
    assert (await ledger.deliver(paid)).json()["outcome"] == "suspense"
    query = {"payment_id": paid["data"]["payment_id"]}
    (payment,) = (await ledger.api.get("/v1/payments", params=query)).json()["items"]
    return payment


async def test_money_in_suspense_is_given_to_an_account(ledger, kafka_events):
    account = await ledger.open()
    payment = await ledger.suspended(7_000_000)
    before = await ledger.posted()
    answer = await assign(ledger, payment, account)
    assert answer.status_code == 200, answer.text
    placed = answer.json()
    assert placed == payment | {
        "outcome": "credited",
        "account_id": account["id"],
        "resolution": placed["resolution"],
        "topup": placed["topup"],
    }
    assert placed["topup"]["added_micro"] == placed["topup"]["balance_micro"] == 7_000_000
    resolution = placed["resolution"]
    assert (resolution["action"], resolution["who"]) == ("assigned", "test")
    assert resolution["reason"] == WHY
    assert (await ledger.account(account))["balance_micro"] == 7_000_000
    (entry,) = await ledger.newest(account, "entries")
    assert (entry["kind"], entry["journal_id"]) == ("suspense-assigned", resolution["journal_id"])
    after = await ledger.posted()
    assert after["suspense"] == before["suspense"] - 7_000_000
    assert after["clearing:demo"] == before["clearing:demo"]
    told = await kafka_events("prewatt.ledger.topped-up.v1", payment_id=payment["payment_id"])
    assert (told["account_id"], told["provider"]) == (account["id"], "demo")
    assert (told["amount_micro"], told["balance_micro"]) == (7_000_000, 7_000_000)
    assert (told["assigned_by"], told["assigned_reason"]) == ("test", WHY)
    listed = (await ledger.api.get("/v1/payments?outcome=suspense&limit=1000")).json()["items"]
    assert payment["id"] not in {each["id"] for each in listed}


async def test_a_household_that_is_cut_is_back_when_its_money_is_found(ledger):
    account, meter_id = await ledger.household(paid_micro=KWH_MICRO)
    await ledger.read((meter_id, 15, 1_000))
    (cut,) = await ledger.until(lambda: ledger.newest(account, "commands"), what="a disconnect")
    await ledger.answer(cut)
    await ledger.until_state(account, "disconnected")
    payment = await ledger.suspended(9_000_000)
    assert (await assign(ledger, payment, account)).status_code == 200
    assert (await ledger.account(account))["supply_state"] == "reconnecting"
    back = (await ledger.newest(account, "commands"))[0]
    assert back["action"] == "reconnect"
    await ledger.answer(back)
    await ledger.until_state(account, "connected")


async def test_money_in_suspense_is_sent_back(ledger, kafka_events):
    payment = await ledger.suspended(3_000_000)
    before = await ledger.posted()
    answer = await give_back(ledger, payment)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["outcome"], answer.json()["account_id"]) == ("returned", None)
    assert answer.json()["resolution"]["action"] == "returned"
    after = await ledger.posted()
    assert after["suspense"] == before["suspense"] - 3_000_000
    assert after["refund-due:demo"] == before.get("refund-due:demo", 0) + 3_000_000
    told = await kafka_events("prewatt.ledger.payment-returned.v1", amount_micro=3_000_000)
    assert (told["payment_id"], told["provider"]) == (payment["payment_id"], "demo")
    assert (told["returned_by"], told["reason"]) == ("test", WHY)
    assert told["reference"] == payment["account_number"]


async def test_the_same_again_answers_the_same_and_another_is_refused(ledger):
    account, other = await ledger.open(), await ledger.open()
    given, returned = await ledger.suspended(), await ledger.suspended()
    for call in (
        lambda why: assign(ledger, given, account, why=why),
        lambda why: assign(ledger, given, account, why=why, account_id=account["id"]),
        lambda why: give_back(ledger, returned, why=why),
    ):
        first, again = await call("first"), await call("asked once more")
        assert (first.status_code, again.status_code) == (200, 200)
        assert first.json() == again.json()
        assert again.json()["resolution"]["reason"] == "first"
    for refused in (
        await assign(ledger, given, other),
        await give_back(ledger, given),
        await assign(ledger, returned, account),
    ):
        assert (refused.status_code, refused.headers["content-type"]) == (409, PROBLEM)
        assert "by test (first)" in refused.json()["detail"]
    assert (await ledger.account(account))["balance_micro"] == given["amount_micro"]
    assert (await ledger.account(other))["balance_micro"] == 0


async def test_a_payment_that_was_credited_is_not_given_away(ledger):
    account, other = await ledger.open(), await ledger.open()
    await ledger.pay(account["number"], 5)
    (entry,) = await ledger.newest(account, "entries")
    payment_id = entry["source"].removeprefix("demo/")
    query = {"provider": "demo", "payment_id": payment_id}
    (payment,) = (await ledger.api.get("/v1/payments", params=query)).json()["items"]
    for refused in (
        await assign(ledger, payment, account),
        await assign(ledger, payment, other),
        await give_back(ledger, payment),
    ):
        assert (refused.status_code, refused.headers["content-type"]) == (409, PROBLEM)
        assert "not in suspense" in refused.json()["detail"]
    assert (await ledger.account(account))["balance_micro"] == 5


async def test_money_in_another_currency_is_not_given(ledger):
    account = await ledger.open()
    payment = await ledger.suspended(currency="EUR")
    refused = await assign(ledger, payment, account)
    assert (refused.status_code, refused.headers["content-type"]) == (409, PROBLEM)
    assert refused.json()["type"] == "urn:prewatt:problem:other-currency"
    assert "an account in EUR" in refused.json()["detail"]
    euro = await ledger.open(currency="EUR")
    assert (await assign(ledger, payment, euro)).status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"account_number": "nobody"}, 404),
        ({"account_id": str(uuid4())}, 404),
        ({}, 422),
        ({"account_number": "1", "account_id": str(uuid4())}, 422),
        ({"account_number": "1", "reason": ""}, 422),
        ({"account_number": "1", "reason": " "}, 422),
        ({"account_number": "1", "reason": "nul\0"}, 422),
        ({"account_number": "1", "reason": "x" * 501}, 422),
        ({"account_number": "1", "amount_micro": 5}, 422),
        ({"account_number": "nul\0"}, 422),
    ],
)
async def test_what_is_wrong_is_named_and_the_money_stays(ledger, body, status):
    payment = await ledger.suspended()
    path = f"/v1/payments/{payment['id']}/assign"
    answer = await ledger.api.post(path, json={"reason": WHY} | body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM), answer.text
    found = (await ledger.api.get(f"/v1/payments/{payment['id']}")).json()
    assert found == payment


async def test_payments_that_are_none_are_named(ledger):
    account = await ledger.open()
    for answer in (
        await assign(ledger, {"id": str(uuid4())}, account),
        await give_back(ledger, {"id": str(uuid4())}),
        await ledger.api.get(f"/v1/payments/{uuid4()}"),
    ):
        assert (answer.status_code, answer.headers["content-type"]) == (404, PROBLEM)
    for query in (f"before={uuid4()}", "cursor=x", "payment_id=%00", "provider=", "limit=1001"):
        answer = await ledger.api.get(f"/v1/payments?{query}")
        assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM), query


async def test_of_many_who_place_one_payment_at_once_exactly_one_wins(ledger):
    accounts = [await ledger.open() for _ in range(6)]
    for _ in range(4):
        payment = await ledger.suspended(5)
        balances = [(await ledger.account(each))["balance_micro"] for each in accounts]
        answers = await asyncio.gather(
            *(assign(ledger, payment, each) for each in accounts),
            *(give_back(ledger, payment) for _ in range(3)),
        )
        won = [answer for answer in answers if answer.status_code == 200]
        assert {answer.status_code for answer in answers} <= {200, 409}
        assert len({str(answer.json()) for answer in won}) == 1
        after = [(await ledger.account(each))["balance_micro"] for each in accounts]
        moved = sum(after) - sum(balances)
        assert moved == (5 if won[0].json()["outcome"] == "credited" else 0)
    await ledger.sums_to_zero()


async def test_a_delivery_after_the_money_was_placed_changes_nothing(ledger):
    account = await ledger.open()
    bodies = [ledger.payment("nobody-" + uuid4().hex, 5) for _ in range(2)]
    payments = []
    for body in bodies:
        await ledger.deliver(body)
        query = {"payment_id": body["data"]["payment_id"]}
        payments += (await ledger.api.get("/v1/payments", params=query)).json()["items"]
    await assign(ledger, payments[0], account)
    await give_back(ledger, payments[1])
    given, returned = [(await ledger.deliver(body)).json() for body in bodies]
    assert (given["outcome"], given["repeated"], given["account_id"]) == (
        "credited",
        True,
        account["id"],
    )
    assert (returned["outcome"], returned["repeated"]) == ("returned", True)
    assert (await ledger.account(account))["balance_micro"] == 5


async def test_money_in_suspense_is_listed_in_pages(ledger):
    made = [await ledger.suspended(n) for n in range(1, 8)]
    seen, further = [], {}
    while len(seen) < 7:
        query = {"outcome": "suspense", "limit": 3} | further
        page = (await ledger.api.get("/v1/payments", params=query)).json()
        seen += page["items"]
        further = {"cursor": page["next"]}
    assert seen[:7] == made[::-1]


async def test_people_place_money_by_the_command_line(ledger):
    async def prewatt(*arguments):
        runner = CliRunner(env={"COLUMNS": "200"})
        result = await asyncio.to_thread(
            runner.invoke,
            app,
            ["suspense", *arguments, "--state-dir", str(ledger.stack.state_dir)],
        )
        return result.exit_code, result.output

    account = await ledger.open()
    given, returned = await ledger.suspended(12_500_000), await ledger.suspended(500_000)
    code, listed = await prewatt("list")
    assert code == 0, listed
    (line,) = [each for each in listed.splitlines() if given["payment_id"] in each]
    for shown in ("demo", "12.50 CNY", given["account_number"], given["reason"], "under 1 h"):
        assert shown in line
    why = ("--reason", WHY, "--who", "li")
    code, said = await prewatt("assign", given["payment_id"], account["number"], *why)
    assert (code, said) == (0, f"12.50 CNY given to account {account['number']}\n")
    code, said = await prewatt("return", returned["payment_id"], *why)
    assert (code, said) == (0, "0.50 CNY is due to the payer, by demo\n")
    assert (await ledger.account(account))["balance_micro"] == 12_500_000
    for payment in (given, returned):
        found = (await ledger.api.get(f"/v1/payments/{payment['id']}")).json()
        assert (found["resolution"]["who"], found["resolution"]["reason"]) == ("li", WHY)
    for arguments, says in (
        (("return", given["payment_id"]), "409: payment"),
        (("assign", "no-such-payment", account["number"]), "there is no payment no-such-payment"),
    ):
        code, said = await prewatt(*arguments, *why)
        assert (code, len(said.splitlines())) == (2, 1)
        assert says in said


async def test_a_payment_reference_finds_its_account(ledger):
    account = await ledger.open()
    reference = account["payment_reference"]
    spaced = " ".join(reference[at : at + 4] for at in range(0, len(reference), 4)).lower()
    for given in (reference, spaced):
        answer = (await ledger.pay(given, KWH_MICRO)).json()
        assert (answer["outcome"], answer["account_id"]) == ("credited", account["id"])
    twin = await ledger.open(number=account["number"].replace("-", "."))
    assert twin["payment_reference"] == reference
    answer = (await ledger.pay(reference, KWH_MICRO)).json()
    assert answer["outcome"] == "suspense"
    assert "fits 2 accounts" in answer["detail"]
    assert account["number"] not in answer["detail"], "numbers of other customers stay inside"


async def test_a_mistyped_reference_goes_to_suspense_and_names_who_was_meant(ledger):
    number = f"{uuid4().int % 10**12:012}"
    account = await ledger.open(number=f"{number}01")
    await ledger.open(number=f"{number}10", currency="EUR")
    right = account["payment_reference"]
    wrong = right[:-2] + right[-1] + right[-2]
    payment = await suspended_for(ledger, wrong)
    assert payment["reason"].endswith(f"{wrong} is mistyped: its check digits do not fit")
    answer = await ledger.api.get(f"/v1/payments/{payment['id']}/candidates")
    assert answer.status_code == 200, answer.text
    assert {
        "account_id": account["id"],
        "account_number": account["number"],
        "payment_reference": right,
        "slip": "transposed",
        "reason": "two characters changed places",
    } == answer.json()[0]
    assert {each["account_number"] for each in answer.json()}.isdisjoint({f"{number}10"})
    command = ["suspense", "candidates", payment["payment_id"]]
    shown = await asyncio.to_thread(
        CliRunner(env={"COLUMNS": "200"}).invoke,
        app,
        [*command, "--state-dir", str(ledger.stack.state_dir)],
    )
    assert shown.exit_code == 0, shown.output
    assert right in shown.output
    nobody = await suspended_for(ledger, "?")
    assert (await ledger.api.get(f"/v1/payments/{nobody['id']}/candidates")).json() == []
    unknown = await ledger.api.get(f"/v1/payments/{uuid4()}/candidates")
    assert unknown.status_code == 404
    assert unknown.json()["type"] == "urn:prewatt:problem:unknown-payment"


HIGH_MICRO = 10_000 * 10**6 + 1
"""More than one person may place, as the stack is set up."""


async def by(ledger, who, payment, action, **body):
    """``who`` asks for it; the payment as it stands then."""
    token = issue_token(
        private_key_pem=ledger.stack.keys.auth_private,
        subject=who,
        scopes=("ledger:read", "ledger:write"),
        now=utc_now(),
        lifetime=timedelta(hours=1),
    )
    answer = await ledger.api.post(
        f"/v1/payments/{payment['id']}/{action}",
        json={"reason": f"{who} has looked"} | body,
        headers={"authorization": f"Bearer {token}"},
    )
    assert answer.status_code in (200, 202), answer.text
    return answer.json()


async def decide(ledger, proposal, action="approve"):
    async with somebody_else(ledger) as other:
        return await other.post(
            f"/v1/proposals/{proposal['id']}/{action}", json={"reason": "asked the payer"}
        )


async def test_a_high_amount_is_given_by_two_people(ledger):
    account, other = await ledger.open(), await ledger.open()
    payment = await ledger.suspended(HIGH_MICRO)
    to_account = {"account_id": account["id"]}
    proposal = await by(ledger, "ann", payment, "assign", **to_account)
    assert (proposal["kind"], proposal["state"]) == ("suspense-assignment", "waiting")
    assert proposal["parameters"]["account_id"] == account["id"]
    assert await by(ledger, "ann", payment, "assign", **to_account) == proposal
    # Who wants something else has to have the first refused.
    waits = await ledger.api.post(
        f"/v1/payments/{payment['id']}/assign",
        json={"reason": "another", "account_id": other["id"]},
    )
    assert (waits.status_code, waits.json()["type"].rpartition(":")[2]) == (
        409,
        "another-proposal-waits",
    )
    assert (await ledger.account(account))["balance_micro"] == 0
    answer = await decide(ledger, proposal)
    assert answer.status_code == 200, answer.text
    done = await by(ledger, "ben", payment, "assign", **to_account)
    assert (done["outcome"], done["account_id"]) == ("credited", account["id"])
    assert done["resolution"]["who"] == "ann"
    assert (await ledger.account(account))["balance_micro"] == HIGH_MICRO
    assert (await ledger.account(other))["balance_micro"] == 0


async def test_a_high_amount_goes_back_by_two_people(ledger):
    payment = await ledger.suspended(HIGH_MICRO)
    before = await ledger.posted()
    proposal = await by(ledger, "ann", payment, "return")
    assert (proposal["kind"], proposal["state"]) == ("suspense-return", "waiting")
    command = [
        "suspense", "return", payment["payment_id"], "--reason", "ann has looked", "--who", "ann",
        "--state-dir", str(ledger.stack.state_dir),
    ]  # fmt: skip
    runner = CliRunner(env={"COLUMNS": "200"})
    again = await asyncio.to_thread(runner.invoke, app, command)
    assert (again.exit_code, f"prewatt proposals approve {proposal['id']}" in again.output) == (
        0,
        True,
    )
    # Of another kind something may wait besides, and only one of them is done.
    account = await ledger.open()
    given = await by(ledger, "ben", payment, "assign", account_id=account["id"])
    assert (await decide(ledger, given, "refuse")).json()["state"] == "refused"
    assert (await decide(ledger, proposal)).status_code == 200
    done = await by(ledger, "ann", payment, "return")
    assert (done["outcome"], done["resolution"]["who"]) == ("returned", "ann")
    after = await ledger.posted()
    assert after["suspense"] == before["suspense"] - HIGH_MICRO
    gone = await by(ledger, "ann", payment, "return")
    assert gone == done


async def test_up_to_the_limit_one_person_is_enough(ledger):
    account = await ledger.open()
    payment = await ledger.suspended(HIGH_MICRO - 1)
    done = await by(ledger, "ann", payment, "assign", account_id=account["id"])
    assert done["outcome"] == "credited"
