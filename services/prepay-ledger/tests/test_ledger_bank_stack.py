"""Banks' statements on the running ledger: each payment once, each line in a named state."""

import asyncio
import base64
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from ledger_bank import camt, details, entry, mt940
from ledger_vending import MICRO, balance, refusal

from prepay_ledger.balances.payment_reference import payment_reference
from prepay_ledger.bank.postgres_queries import BankQueries
from prewatt_common.db.database import Database

pytestmark = pytest.mark.stack

NOTIFIED = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"
RETURNED = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"


class Bank:
    """A bank account of ours, and what its bank sends."""

    def __init__(self, ledger: Any, account: str) -> None:
        self.ledger, self.account = ledger, account

    async def sends(
        self, *entries: str, key: str | None = None, **more: Any
    ) -> list[dict[str, Any]]:
        """A camt file; gives its lines once all are applied."""
        return await self.gives(camt(*entries, account=self.account, ccy="CNY", **more), key=key)

    async def gives(self, body: bytes, **more: Any) -> list[dict[str, Any]]:
        """Any file, likewise."""
        kept = await self.upload(body, **more)
        assert kept.status_code == 201, kept.text
        return await self.applied(kept.json()["id"])

    async def upload(
        self, body: bytes, *, key: str | None = None, mapping: dict[str, Any] | None = None
    ) -> httpx.Response:
        return await self.ledger.api.post(
            "/v1/bank/statements",
            json={
                "name": "s.xml",
                "content_base64": base64.b64encode(body).decode(),
                "mapping": mapping,
            },
            headers={"idempotency-key": key or f"k-{uuid4()}"},
        )

    async def applied(self, file_id: str) -> list[dict[str, Any]]:
        """The lines of a file, in its order, once none waits."""

        async def done() -> bool:
            file = (await self.ledger.api.get(f"/v1/bank/statements/{file_id}")).json()
            assert sum(file["states"].values()) == file["lines"]
            return "waiting" not in file["states"]

        await self.ledger.until(done, what="all lines are applied")
        return await self.lines(file_id=file_id)

    async def lines(self, **query: str) -> list[dict[str, Any]]:
        answer = await self.ledger.api.get(
            "/v1/bank/lines", params={"account": self.account, "limit": "1000"} | query
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["items"][::-1]

    async def settle(self, line: dict[str, Any], action: str) -> httpx.Response:
        return await self.ledger.api.post(
            f"/v1/bank/lines/{line['id']}/{action}", json={"reason": "asked the bank"}
        )

    async def held_micro(self) -> int:
        """What the bank holds for us of payments by the ledger's account."""
        return -(await self.ledger.posted()).get(f"clearing:bank/{self.account}", 0)


async def a_bank(ledger: Any, currency: str = "CNY") -> Bank:
    bank = Bank(ledger, f"CN{uuid4().hex[:16].upper()}")
    body = {"account": bank.account, "currency": currency, "name": "Collections", "reason": "r"}
    for _ in range(2):
        opened = await ledger.api.post("/v1/bank/accounts", json=body)
        assert opened.status_code == 201, opened.text
    return bank


def states(lines: list[dict[str, Any]]) -> list[str]:
    return [each["state"] for each in lines]


async def home(ledger: Any) -> tuple[dict[str, Any], str]:
    """An account and its payment reference."""
    account = await ledger.open()
    reference = payment_reference(account["number"])
    assert reference is not None
    return account, reference


async def test_payments_are_credited_or_in_suspense_and_all_else_is_kept(ledger: Any) -> None:
    bank = await a_bank(ledger)
    (first, by_text), (second, by_field), (third, _) = [await home(ledger) for _ in range(3)]
    spaced = " ".join((by_text[:4], by_text[4:9], by_text[9:]))
    fees = "<BkTxCd><Domn><Fmly><SubFmlyCd>CHRG</SubFmlyCd></Fmly></Domn></BkTxCd>"
    lines = await bank.sends(
        entry("50", ref="A1", tx=[details(text=f"power for March {spaced}")], ccy="CNY"),
        entry("60", ref="A2", tx=[details(structured=by_field, text="x")], ccy="CNY"),
        entry("70", ref="A3", tx=[details(text=third["number"])], ccy="CNY"),
        entry("80", ref="A4", tx=[details(text="happy birthday")], ccy="CNY"),
        entry("90", ref="A5", tx=[details(text=f"{by_text} or {by_field}")], ccy="CNY"),
        entry("1", ref="A6", ccy="CNY"),
        entry("9", sign="DBIT", ref="A7", ccy="CNY"),
        entry("2", sign="DBIT", ref="A8", more=fees, ccy="CNY"),
        entry("5", ref="A9", more="<RvslInd>true</RvslInd>", ccy="CNY"),
        entry("4", status="<Sts>PDNG</Sts>", ref="B1", ccy="CNY"),
        entry("30", batch=2, ref="B2", ccy="CNY"),
        entry("0", ref="B3", ccy="CNY"),
        opening="0",
        closing="375",
    )
    assert states(lines) == [
        "credited", "credited", "credited", "suspense", "suspense", "suspense", "debit", "charge",
        "returned-to-us", "pending", "batch", "no-amount",
    ]  # fmt: skip
    assert [await balance(ledger, each) for each in (first, second, third)] == [
        50 * MICRO, 60 * MICRO, 70 * MICRO,
    ]  # fmt: skip
    (paid,) = (await ledger.api.get("/v1/payments", params={"payment_id": lines[0]["id"]})).json()[
        "items"
    ]
    assert (paid["id"], paid["provider"]) == (lines[0]["payment"], f"bank/{bank.account}")
    assert (paid["account_number"], lines[3]["reason"]) == (
        by_text, "there is no account happy birthday",
    )  # fmt: skip
    assert lines[5]["reason"] == "it names no account"
    assert await bank.held_micro() == 351 * MICRO
    assert [each["state"] for each in await bank.lines(open="true")] == ["returned-to-us", "batch"]
    # Money in suspense goes on as any other.
    assigned = await ledger.api.post(
        f"/v1/payments/{lines[3]['payment']}/assign",
        json={"account_number": first["number"], "reason": "she called"},
    )
    assert assigned.status_code == 200, assigned.text
    assert await balance(ledger, first) == 130 * MICRO


async def test_a_file_is_kept_once_and_overlapping_ones_credit_once(ledger: Any) -> None:
    bank = await a_bank(ledger)
    account, reference = await home(ledger)
    one = entry("50", ref="A1", tx=[details(text=reference, e2e="E1")], ccy="CNY")
    again = entry("50", ref="A1", tx=[details(text=reference)], ccy="CNY")
    bare = [entry("20", tx=[details(text=reference)], ccy="CNY", day="2026-03-03")] * 2
    told = camt(one, bare[0], account=bank.account, ccy="CNY", namespace=NOTIFIED)
    key = f"k-{uuid4()}"
    first = await bank.upload(told, key=key)
    assert (first.status_code, first.json()["repeated"]) == (201, False)
    for other in (key, f"k-{uuid4()}"):
        known = await bank.upload(told, key=other)
        assert (known.status_code, known.json()["repeated"]) == (201, True)
        assert known.json()["id"] == first.json()["id"]
    assert states(await bank.applied(first.json()["id"])) == ["credited", "credited"]
    content = await ledger.api.get(f"/v1/bank/statements/{first.json()['id']}/content")
    assert content.content == told
    assert refusal(await bank.upload(told + b" ", key=key)) == (409, "idempotency-key-used")
    # The statement after the notification: the same booking, and a second payment just like one.
    lines = await bank.sends(again, *bare)
    assert states(lines) == ["repeated", "repeated", "credited"]
    assert lines[0]["refers_to"] == (await bank.lines(file_id=first.json()["id"]))[0]["id"]
    assert await balance(ledger, account) == 90 * MICRO == await bank.held_micro()


async def test_a_batch_and_its_details_are_credited_once_in_either_order(ledger: Any) -> None:
    bank = await a_bank(ledger)
    account, reference = await home(ledger)
    two = [
        details(text=reference, amount="10", ref="T1", ccy="CNY"),
        details(text=reference, amount="20", ref="T2", ccy="CNY"),
    ]
    (sum_,) = await bank.sends(entry("30", ref="S1", batch=2, ccy="CNY"))
    assert states(await bank.sends(entry("30", ref="S1", tx=two, ccy="CNY"))) == ["credited"] * 2
    assert (await bank.lines(file_id=sum_["file_id"]))[0]["state"] == "detailed"
    assert states(await bank.sends(entry("30", ref="S2", tx=two, ccy="CNY"))) == ["credited"] * 2
    assert states(await bank.sends(entry("30", ref="S2", batch=2, ccy="CNY"))) == ["detailed"]
    # Told whole, as if it were one payment, and then in parts: a person looks.
    assert states(await bank.sends(entry("30", ref="S3", ccy="CNY"))) == ["suspense"]
    assert states(await bank.sends(entry("30", ref="S3", tx=two, ccy="CNY"))) == ["doubtful"] * 2
    assert await balance(ledger, account) == 60 * MICRO


async def test_what_was_told_in_another_way_waits_for_a_person(ledger: Any) -> None:
    bank = await a_bank(ledger)
    account, reference = await home(ledger)
    tx = [details(text=reference)]
    await bank.sends(*[entry("50", ref=ref, tx=tx, ccy="CNY") for ref in "AB"])
    told = f"\r\n:86:{reference}"
    swift = mt940(
        *(f":61:2603020302C50,00NTRF{each}{told}" for each in ("NONREF", "x//C", "x//A")),
        opening="0,", closing="150,", account=bank.account,
    ).replace("EUR", "CNY")  # fmt: skip
    lines = await bank.gives(swift.encode())
    assert states(lines) == ["doubtful", "doubtful", "repeated"]
    (file,) = await ledger.sql("SELECT at FROM bank_file WHERE id = $1", UUID(lines[0]["file_id"]))
    assert (await waiting_since(ledger))["person"] <= file["at"]
    assert await balance(ledger, account) == 100 * MICRO
    taken = await bank.settle(lines[1], "take")
    assert (taken.status_code, taken.json()["state"]) == (200, "credited"), taken.text
    closed = await bank.settle(lines[0], "close")
    assert (closed.json()["state"], closed.json()["open"]) == ("doubtful", False)
    for line in lines:
        assert refusal(await bank.settle(line, "take")) == (409, "bank-line-not-open")
    assert await balance(ledger, account) == 150 * MICRO
    unknown = {"id": str(uuid4())}
    assert refusal(await bank.settle(unknown, "close")) == (404, "unknown-bank-line")


async def test_returns_take_back_what_they_name_before_or_after_it(ledger: Any) -> None:
    bank = await a_bank(ledger)
    account, reference = await home(ledger)

    def paid(amount: str, name: str) -> str:
        return entry(amount, ref=name, tx=[details(text=reference, e2e=name)], ccy="CNY")

    def back(amount: str, name: str, ref: str) -> str:
        tx = [details(e2e=name, more=RETURNED)]
        return entry(amount, sign="DBIT", ref=ref, tx=tx, ccy="CNY", day="2026-03-04")

    lines = await bank.sends(paid("50", "E1"), paid("60", "E2"), back("50", "E1", "R1"))
    assert states(lines) == ["credited", "credited", "taken-back"]
    assert (lines[2]["refers_to"], lines[2]["payment"]) == (lines[0]["id"], lines[0]["payment"])
    assert await balance(ledger, account) == 60 * MICRO
    # Told again, it takes nothing more; one that names nobody waits; more than was paid is told.
    lines = await bank.sends(back("50", "E1", "R1"), back("7", "E3", "R2"), back("61", "E2", "R3"))
    assert states(lines) == ["repeated", "parked", "excess"]
    assert await balance(ledger, account) == 0
    (late,) = await bank.sends(paid("7", "E3"))
    assert late["state"] == "credited"
    parked = (await bank.lines(file_id=lines[1]["file_id"]))[1]
    assert (parked["state"], parked["open"], parked["refers_to"]) == (
        "taken-back",
        False,
        late["id"],
    )
    assert await balance(ledger, account) == 0 == await bank.held_micro()
    assert refusal(await bank.settle(lines[2], "take")) == (409, "bank-line-no-payment")


async def test_a_file_that_is_not_sound_is_refused_whole(ledger: Any) -> None:
    bank = await a_bank(ledger)
    account, reference = await home(ledger)
    good = entry("50", ref="A1", tx=[details(text=reference)], ccy="CNY")
    off = camt(good, opening="0", closing="51", account=bank.account, ccy="CNY")
    answer = await bank.upload(off)
    assert refusal(answer) == (422, "statement-refused")
    assert "1000000 are missing" in answer.json()["detail"]
    for body in (b"", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b"\x00\xff" * 100):
        assert refusal(await bank.upload(body)) == (422, "statement-refused")
    stranger = await bank.upload(camt(good, account="XX0000", ccy="CNY"))
    assert refusal(stranger) == (422, "unknown-bank-account")
    wrong = entry("50", ref="A1", ccy="EUR")
    answer = await bank.upload(camt(wrong, account=bank.account, ccy="EUR"))
    assert refusal(answer) == (422, "unknown-bank-account")
    body = {"account": bank.account, "currency": "EUR", "name": "n", "reason": "r"}
    answer = await ledger.api.post("/v1/bank/accounts", json=body)
    assert refusal(answer) == (409, "bank-account-exists")
    assert await bank.lines() == []
    for path in ("statements", "lines"):
        answer = await ledger.api.get(f"/v1/bank/{path}/{uuid4()}")
        assert answer.status_code == 404, answer.text
    assert await balance(ledger, account) == 0


async def test_a_csv_in_gbk_by_its_mapping(ledger: Any) -> None:
    bank = await a_bank(ledger)
    account, reference = await home(ledger)
    mapping = {
        "account": bank.account, "currency": "CNY", "encoding": "gbk", "booked_on": "交易日期",
        "amount": "金额", "text": ["附言"],
        "direction": {"column": "借贷", "credit": ["贷"], "debit": ["借"]},
    }  # fmt: skip
    text = f"交易日期,借贷,金额,附言\n2026-03-02,贷,50.00,电费{reference}\n2026-03-02,借,3,手续费\n"
    assert states(await bank.gives(text.encode("gbk"), mapping=mapping)) == ["credited", "debit"]
    more = text + f"2026-03-03,贷,20.00,{reference}\n"
    lines = await bank.gives(more.encode("gbk"), mapping=mapping)
    assert states(lines) == ["repeated", "repeated", "credited"]
    assert await balance(ledger, account) == 70 * MICRO
    bad = await bank.upload(more.encode("gbk"), mapping=mapping | {"amount": None})
    assert bad.status_code == 422, bad.text


async def test_two_files_of_the_same_payments_at_once_credit_them_once(ledger: Any) -> None:
    bank = await a_bank(ledger)
    account, reference = await home(ledger)
    entries = [
        entry("1", ref=f"N{at}", tx=[details(text=reference)], ccy="CNY") for at in range(20)
    ]
    files = [camt(*entries, account=bank.account, ccy="CNY", number=f"S{at}") for at in range(3)]
    same = files[0]
    kept = await asyncio.gather(*(bank.upload(each) for each in (*files, same, same)))
    assert {each.status_code for each in kept} == {201}
    ids = {each.json()["id"] for each in kept}
    assert len(ids) == 3
    found = Counter[str]()
    for each in ids:
        found.update(states(await bank.applied(each)))
    assert found == {"credited": 20, "repeated": 40}
    assert await balance(ledger, account) == 20 * MICRO


@pytest.mark.timeout(200)
async def test_killed_halfway_each_payment_is_credited_once_in_the_end(ledger: Any) -> None:
    bank = await a_bank(ledger)
    account, reference = await home(ledger)
    count = 350  # of which a hundred are one transaction
    entries = [
        entry("1", ref=f"N{at}", tx=[details(text=reference)], ccy="CNY") for at in range(count)
    ]
    body = camt(*entries, account=bank.account, ccy="CNY", opening="0", closing=str(count))
    key = f"k-{uuid4()}"
    file_id = (await bank.upload(body, key=key)).json()["id"]
    seen: list[int] = []
    for _ in range(3):
        begun = len(await bank.lines(state="credited"))

        async def more(begun: int = begun) -> bool:
            return len(await bank.lines(state="credited")) > min(begun + 5, count - 1)

        await ledger.until(more, what="it goes on")
        await asyncio.to_thread(ledger.stack.kill, "prepay-ledger")
        seen.append((await ledger.sql(
            "SELECT count(*) AS n FROM bank_line WHERE account = $1 AND state = 'credited'",
            bank.account,
        ))[0]["n"])  # fmt: skip
        await asyncio.to_thread(ledger.stack.start, "prepay-ledger")
    print(f"\nkilled at {seen} of {count}")
    assert seen[0] < count
    assert (await bank.upload(body, key=key)).json()["repeated"]
    assert states(await bank.applied(file_id)) == ["credited"] * count
    assert await balance(ledger, account) == count * MICRO == await bank.held_micro()


async def waiting_since(ledger: Any) -> Mapping[str, datetime]:
    """As the metrics have it."""
    database = Database(url=ledger.stack.endpoints.database_url("prepay_ledger"))
    try:
        return await BankQueries(database).waiting_since()
    finally:
        await database.close()
