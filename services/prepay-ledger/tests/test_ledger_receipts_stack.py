"""Receipts of payments on the running service: signed at once, proven once the day is closed."""

from typing import Any

import pypdfium2
import pytest
import zxingcpp
from ledger_proofs import forget_seals, yesterday_goes_on
from pydantic import ValidationError

from prepay_ledger.settings import LedgerSettings
from prewatt_cli.receipt_rules import check_receipt

pytestmark = pytest.mark.stack

MICRO = 1_000_000


async def receipt_of(ledger: Any, payment_id: Any) -> dict[str, Any]:
    answer = await ledger.api.get(f"/v1/payments/{payment_id}/receipt")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_receipt_is_signed_at_once_and_proven_once_its_day_is_closed(ledger) -> None:
    await forget_seals(ledger)
    await yesterday_goes_on(ledger)
    account = await ledger.open()
    assert (await ledger.pay(account["number"], 5 * MICRO)).status_code == 200
    (payment,) = await ledger.sql(
        "SELECT id, day FROM payment WHERE account_number = $1", account["number"]
    )
    first = await receipt_of(ledger, payment["id"])
    async with ledger.http() as anybody:
        keys = (await anybody.get("/v1/receipt-keys")).json()
    checked = check_receipt(first, keys, head=None)
    assert (checked.account_number, checked.taken_back_micro) == (account["number"], 0)
    assert (checked.row["amount_micro"], checked.row["currency"]) == (str(5 * MICRO), "CNY")

    async def is_sealed() -> dict[str, Any] | None:
        answer = await ledger.api.get(f"/v1/seals/{payment['day']}")
        return answer.json() if answer.status_code == 200 else None

    seal = await ledger.until(is_sealed, what="the day is sealed")
    later = await receipt_of(ledger, payment["id"])
    assert later["receipt"] == first["receipt"]
    proven = check_receipt(later, keys, head=seal["head"])
    assert (proven.head, proven.topup_head) == (seal["head"], seal["head"])
    assert proven.topup is not None
    assert [proven.topup[f"{part}_micro"] for part in ("repaid", "debts", "added", "left")] == [
        "0", "0", str(5 * MICRO), str(5 * MICRO),
    ]  # fmt: skip


async def test_a_receipt_on_paper_is_the_signed_one(ledger) -> None:
    account = await ledger.open()
    assert (await ledger.pay(account["number"], 5 * MICRO)).status_code == 200
    (payment,) = await ledger.sql(
        "SELECT id FROM payment WHERE account_number = $1", account["number"]
    )
    signed = await receipt_of(ledger, payment["id"])
    path = f"/v1/payments/{payment['id']}/receipt.pdf"
    answer = await ledger.api.get(path, params={"language": "zh-CN"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    picture = pypdfium2.PdfDocument(answer.content)[0].render(scale=203 / 72).to_pil()
    (code,) = zxingcpp.read_barcodes(picture)
    assert code.text == signed["receipt"]
    other = await ledger.api.get(path, params={"language": "xx"})
    assert other.status_code == 422


async def test_money_in_suspense_has_a_receipt_that_says_so(ledger) -> None:
    unknown = await ledger.deliver(ledger.payment("nobody has this number", 11))
    assert unknown.json()["outcome"] == "suspense"
    (payment,) = await ledger.sql(
        "SELECT id FROM payment WHERE account_number = 'nobody has this number' "
        "ORDER BY id DESC LIMIT 1"
    )
    async with ledger.http() as anybody:
        keys = (await anybody.get("/v1/receipt-keys")).json()
    checked = check_receipt(await receipt_of(ledger, payment["id"]), keys, head=None)
    assert checked.account_number is None
    assert "account" in checked.row["reason"]
    # Given to an account, another receipt says where the money went; the row is the same.
    account = await ledger.open()
    body = {"account_number": account["number"], "reason": "the payer called"}
    assigned = await ledger.api.post(f"/v1/payments/{payment['id']}/assign", json=body)
    assert assigned.status_code == 200, assigned.text
    after = check_receipt(await receipt_of(ledger, payment["id"]), keys, head=None)
    assert (after.account_number, after.row) == (account["number"], checked.row)
    assert checked.topup is None
    assert after.topup is not None
    assert after.topup["account_id"] == account["id"]


async def test_a_payment_that_is_none_and_a_caller_who_may_not(ledger) -> None:
    none = await ledger.api.get("/v1/payments/00000000-0000-0000-0000-000000000000/receipt")
    assert (none.status_code, none.json()["type"]) == (404, "urn:prewatt:problem:unknown-payment")
    async with ledger.http("billing:read") as other:
        refused = await other.get("/v1/payments/00000000-0000-0000-0000-000000000000/receipt")
    assert refused.status_code == 403


def test_keys_that_cannot_sign_are_refused_at_start() -> None:
    with pytest.raises(ValidationError, match="2026 is no private key in PEM"):
        LedgerSettings(  # pyright: ignore[reportCallIssue]
            receipt_keys={"2026": "a secret"}, database_url="postgresql://x", command_key_id="a"
        )
