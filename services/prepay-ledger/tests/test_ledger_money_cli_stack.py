"""``prewatt`` about refunds, deposits, modes, payouts, batch debits and files of transfers, on the
running ledger."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from ledger_cli import prewatt
from ledger_vending import MICRO
from test_ledger_refunds_http_stack import moved_out

pytestmark = pytest.mark.stack

WHY = ("--reason", "letter 4711")


async def test_a_refund_is_ordered_listed_and_cancelled(ledger: Any) -> None:
    account = await ledger.open()
    status, said = await prewatt(ledger, "refunds", "left", account["number"])
    assert (status, "a tariff charges the account" in said) == (0, True), said
    account = await moved_out(ledger, 900 * MICRO)
    number, iban = account["number"], "DE02120300000000202051"
    to = ("--holder", "Zhang Min", "--bank-account", iban, *WHY)
    status, said = await prewatt(ledger, "refunds", "order", number, "12.50", *to)
    assert (status, "of 12.50 CNY is in-transit" in said) == (0, True), said
    refund_id = said.split()[1]
    status, said = await prewatt(ledger, "refunds", "list", "--state", "in-transit")
    assert (status, refund_id in said, iban in said) == (0, True, False), said
    assert await prewatt(ledger, "refunds", "payee", refund_id) == (0, f"Zhang Min, {iban}\n")
    status, said = await prewatt(ledger, "refunds", "match", refund_id, uuid4(), *WHY)
    assert (status, said.count("\n"), "there is no bank line" in said) == (2, 1, True), said
    status, said = await prewatt(ledger, "refunds", "hand-out", refund_id, "--slip", "S", *WHY)
    assert (status, "goes by the bank" in said) == (2, True), said
    status, said = await prewatt(ledger, "refunds", "cancel", refund_id, *WHY)
    assert (status, "is cancelled" in said) == (0, True), said
    status, said = await prewatt(ledger, "refunds", "payments", number)
    assert (status, "900.00" in said) == (0, True), said
    of_account = await ledger.api.get(f"/v1/payments?account_id={account['id']}")
    (payment,) = of_account.json()["items"]
    back = ("--way", "provider", "--payment", payment["id"], *WHY)
    status, said = await prewatt(ledger, "refunds", "order", number, "12.50", *back)
    assert (status, "PREWATT_REFUNDERS names no" in said) == (2, True), said
    status, said = await prewatt(ledger, "refunds", "unclaimed")
    assert status == 0, said


async def test_a_deposit_is_held_drawn_of_nothing_and_released(ledger: Any) -> None:
    account = await ledger.open()
    held = ("--reference", "receipt 1", "--place", "cash", "--valid-from", "2026-01-01", *WHY)
    status, said = await prewatt(ledger, "deposits", "hold", account["number"], "30", *held)
    assert (status, "30.00 CNY left" in said) == (0, True), said
    deposit_id = said.split()[1].rstrip(":")
    status, said = await prewatt(ledger, "deposits", "draw", deposit_id, "1", *WHY)
    assert (status, "0 micro-units are owed" in said) == (2, True), said
    status, said = await prewatt(ledger, "deposits", "receive", deposit_id, "1", *WHY)
    assert (status, said.count("\n")) == (2, 1), said
    status, said = await prewatt(ledger, "deposits", "list")
    assert (status, deposit_id in said) == (0, True), said
    out = ("--place", "balance", *WHY)
    status, said = await prewatt(ledger, "deposits", "release", deposit_id, "30", *out)
    assert (status, "0.00 CNY left" in said) == (0, True), said


async def test_a_change_of_mode_is_asked_for_and_given_up(ledger: Any) -> None:
    account = await ledger.open()
    assert (await ledger.agree(account)).status_code == 201
    (agreement,) = (await ledger.api.get(f"/v1/accounts/{account['id']}")).json()["agreements"]
    asked = (
        "--first-day", "2090-01-01", "--tariff", agreement["tariff_code"], "--consent-by", "Zhang",
        "--consent-reference", "A-1", "--consent-at", "2026-01-01T00:00:00Z", *WHY,
    )  # fmt: skip
    status, said = await prewatt(
        ledger, "mode-changes", "request", account["number"], "arrears", *asked
    )
    assert (status, "to arrears from 2090-01-01 on" in said) == (0, True), said
    change_id = said.split()[1]
    status, said = await prewatt(ledger, "mode-changes", "list")
    assert (status, change_id in said) == (0, True), said
    told = ("--reference", "L-1", "--given-at", "2026-01-02T00:00:00Z", *WHY)
    status, said = await prewatt(ledger, "mode-changes", "notice", change_id, *told)
    assert (status, "waits for no notice" in said) == (2, True), said
    status, said = await prewatt(ledger, "mode-changes", "cancel", change_id, *WHY)
    assert (status, "is cancelled" in said) == (0, True), said


async def test_payouts_and_debit_files_are_listed_and_what_is_none_is_said(ledger: Any) -> None:
    status, said = await prewatt(ledger, "payouts", "list", "--open")
    assert status == 0, said
    for action in (["match", uuid4(), uuid4()], ["undo", uuid4()], ["accept", uuid4()]):
        status, said = await prewatt(ledger, "payouts", *action, *WHY)
        assert (status, said.count("\n"), "there is no payout" in said) == (2, 1, True), said
    status, said = await prewatt(ledger, "debit-files", "list")
    assert status == 0, said
    status, said = await prewatt(ledger, "debit-files", "begin", "nobody", "2090-01-02", *WHY)
    assert (status, said.count("\n")) == (2, 1), said
    for action in ("send", "cancel"):
        status, said = await prewatt(ledger, "debit-files", action, uuid4(), *WHY)
        assert (status, "there is no debit file" in said) == (2, True), said


async def test_transfer_files_are_listed_and_what_is_none_is_said(
    ledger: Any, tmp_path: Path
) -> None:
    status, said = await prewatt(ledger, "transfer-files", "list")
    assert status == 0, said
    status, said = await prewatt(ledger, "transfer-files", "make", "nobody", "2090-01-02", *WHY)
    assert (status, said.count("\n"), "no bank nobody" in said) == (2, 1, True), said
    for action in ("send", "cancel"):
        status, said = await prewatt(ledger, "transfer-files", action, uuid4(), *WHY)
        assert (status, "there is no transfer file" in said) == (2, True), said
    status, said = await prewatt(ledger, "transfer-files", "save", uuid4(), tmp_path / "f")
    assert (status, said.count("\n"), (tmp_path / "f").exists()) == (2, 1, False), said
    answer = tmp_path / "answer.csv"
    answer.write_text("id\n")
    status, said = await prewatt(ledger, "transfer-files", "import", "nobody", answer)
    assert (status, said.count("\n"), "no bank nobody" in said) == (2, 1, True), said
    assert (await prewatt(ledger, "transfer-files", "answers", "--open"))[0] == 0
    for option in ((), ("--not-paid",)):
        status, said = await prewatt(ledger, "transfer-files", "close", uuid4(), *option, *WHY)
        assert (status, "there is no transfer answer" in said) == (2, True), said


async def test_who_has_not_paid_is_shown_and_what_was_not_charged_is_not_waived(
    ledger: Any,
) -> None:
    number = (await ledger.open())["number"]
    status, said = await prewatt(ledger, "dues", "arrears")
    assert status == 0, said
    status, said = await prewatt(ledger, "dues", "show", number)
    assert (status, said.count("\n"), "pays beforehand" in said) == (2, 1, True), said
    assert await prewatt(ledger, "dues", "steps", number) == (0, "nobody was reminded\n")
    assert await prewatt(ledger, "dues", "late", number) == (0, "no late day has cost anything\n")
    status, said = await prewatt(ledger, "dues", "waive", uuid4(), "1.50", *WHY)
    assert (status, said.count("\n"), "nothing was charged late" in said) == (2, 1, True), said
