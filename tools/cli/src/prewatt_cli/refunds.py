"""``prewatt refunds``: what accounts that moved out have left is paid out."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.lists import items_of
from prewatt_cli.payments import decimal_from, micro_from
from prewatt_cli.people import Who, account_of, client_for, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target
from prewatt_cli.vending import Key, Why, keyed, or_waits

refunds = typer.Typer(help="What is paid out of accounts that moved out.", no_args_is_help=True)

_console = Console()

RefundId = Annotated[UUID, typer.Argument(help="As `prewatt refunds list` shows it.")]


class Way(StrEnum):
    """How the customer is paid."""

    BANK = "bank"
    CASH = "cash"
    PROVIDER = "provider"


@refunds.command("list")
def list_(
    *,
    state: Annotated[
        str | None, typer.Option(help="in-transit, paid, returned or cancelled; all if left out.")
    ] = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """What was paid out, newest first; a transfer must name the reference."""
    names = ("id", "amount", "way", "to", "account", "reference", "state", "provider")
    table = Table(*names, box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        for each in items_of(ledger, "/v1/refunds", {"state": state} if state else {}):
            table.add_row(
                each["id"],
                f"{decimal_from(each['amount_micro'])} {each['currency']}",
                each["way"],
                plain(each["holder"]),
                plain(each["bank_account"]),
                each["reference"],
                each["state"],
                plain(" ".join(filter(None, (each["provider_state"], each["provider_code"])))),
            )
    _console.print(table if table.row_count else "there is no such refund")


@refunds.command()
def left(account_number: str, *, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """What may be paid out of an account, and what is in the way."""
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        account_id = account_of(ledger, account_number)["id"]
        found = answered(ledger.get(f"/v1/accounts/{account_id}/refundable")).json()
        way = f"; {found['in_the_way']}" if found["in_the_way"] else ""
        amount = f"{decimal_from(found['refundable_micro'])} {found['currency']}"
        _console.print(plain(f"account {account_number} has {amount} to be paid out{way}"))


@refunds.command()
def payments(account_number: str, *, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """What an account was paid, newest first: to which payments something may go back by their
    provider, and how much."""
    table = Table("payment", "provider", "its id", "paid", "left", "received", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        account_id = account_of(ledger, account_number)["id"]
        for each in items_of(ledger, "/v1/payments", {"account_id": account_id}):
            paid_micro = each["amount_micro"]
            table.add_row(
                each["id"],
                plain(each["provider"]),
                plain(each["payment_id"]),
                f"{decimal_from(paid_micro)} {each['currency']}",
                decimal_from(paid_micro - each["taken_back_micro"]),
                each["received_at"],
            )
    _console.print(table if table.row_count else "the account has no payment")


@refunds.command()
def order(
    account_number: str,
    amount: str,
    *,
    holder: Annotated[
        str | None, typer.Option(help="Who is paid; left out where it goes back to a payment.")
    ] = None,
    way: Annotated[Way, typer.Option(help="How.")] = Way.BANK,
    bank_account: Annotated[str, typer.Option(help="IBAN, or the bank's number of it.")] = "",
    bank_code: Annotated[str, typer.Option(help="BIC, or the bank's number.")] = "",
    payment: Annotated[
        UUID | None, typer.Option(help="Of --way provider: the payment that it goes back to.")
    ] = None,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Pay out of an account that moved out; what it owes is paid first. Much waits for a second
    person."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        body = {
            "amount_micro": micro_from(amount),
            "way": way,
            "holder": holder,
            "bank_account": bank_account,
            "bank_code": bank_code,
            "payment": None if payment is None else str(payment),
            "reason": reason,
        }
        account_id = account_of(ledger, account_number)["id"]
        after = keyed(ledger, f"/v1/accounts/{account_id}/refunds", body, key)
        _console.print(plain(or_waits(after, lambda: _is_now(after))))


@refunds.command()
def payee(refund_id: RefundId, *, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Where a refund goes, in full, for who makes the transfer."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir) as ledger:
        to = answered(ledger.get(f"/v1/refunds/{refund_id}/payee")).json()
        shown = [each for each in (to["holder"], to["bank_account"], to["bank_code"]) if each]
        _console.print(plain(", ".join(shown)))


@refunds.command()
def match(
    refund_id: RefundId,
    bank_line: Annotated[UUID, typer.Argument(help="As `prewatt bank lines` lists it.")],
    *,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Say as which line of the bank it went, or by which it came back."""
    body = {"bank_line": str(bank_line), "reason": reason}
    _do(refund_id, "match", body, key=key, who=who, state_dir=state_dir)


@refunds.command("hand-out")
def hand_out(
    refund_id: RefundId,
    *,
    slip: Annotated[str, typer.Option(help="The number of the paper that was signed.")],
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Say that the customer has the cash."""
    body = {"slip": slip, "reason": reason}
    _do(refund_id, "hand-out", body, key=key, who=who, state_dir=state_dir)


@refunds.command()
def cancel(
    refund_id: RefundId,
    *,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Say that it was never sent, or that nobody fetches it: the account has it again."""
    _do(refund_id, "cancel", {"reason": reason}, key=key, who=who, state_dir=state_dir)


@refunds.command(name="accept-given")
def accept_given(
    refund_id: RefundId,
    *,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Propose to take what its provider gave back, though it is another amount; somebody else
    approves it."""
    _do(refund_id, "accept-given", {"reason": reason}, key=key, who=who, state_dir=state_dir)


@refunds.command()
def unclaimed(*, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Accounts that moved out long ago and have money left."""
    table = Table("account", "since", "balance", "deposits", "owed apart", "currency", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        for each in items_of(ledger, "/v1/unclaimed-balances", {}):
            amounts = (each[f"{name}_micro"] for name in ("balance", "deposits", "debts"))
            table.add_row(
                plain(each["number"]),
                each["ended_on"],
                *map(decimal_from, amounts),
                each["currency"],
            )
    _console.print(table if table.row_count else "nothing is unclaimed")


def _do(
    refund_id: UUID,
    action: str,
    body: dict[str, Any],
    *,
    key: str | None,
    who: str | None,
    state_dir: Path,
) -> None:
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        after = keyed(ledger, f"/v1/refunds/{refund_id}/{action}", body, key)
        _console.print(plain(or_waits(after, lambda: _is_now(after))))


def _is_now(after: dict[str, Any]) -> str:
    amount = f"{decimal_from(after['amount_micro'])} {after['currency']}"
    why = f": {after['provider_code']}" if after["provider_code"] else ""
    return f"refund {after['id']} of {amount} is {after['state']}{why}"
