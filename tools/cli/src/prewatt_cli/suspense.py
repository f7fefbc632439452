"""``prewatt suspense``: money that no account could be found for, and where it is to go."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.lists import items_of
from prewatt_cli.payments import decimal_from
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target
from prewatt_cli.vending import or_waits

suspense = typer.Typer(help="Money that no account could be found for.", no_args_is_help=True)

_console = Console()

PaymentId = Annotated[str, typer.Argument(help="As the provider has it; `list` shows it.")]
Why = Annotated[str, typer.Option("--reason", help="Why; kept with the money.")]
Provider = Annotated[
    str | None, typer.Option(help="Where two providers have a payment of that id.")
]


@suspense.command("list")
def list_(*, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """What is in suspense, newest first: how much, what the payer gave, why, since when."""
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        table = Table("payment", "provider", "amount", "account given", "why", "age", box=None)
        for payment in items_of(ledger, "/v1/payments", {"outcome": "suspense"}):
            table.add_row(*map(plain, _shown(payment)))
    _console.print(table if table.row_count else "nothing is in suspense")


@suspense.command()
def candidates(
    payment_id: PaymentId, *, provider: Provider = None, state_dir: StateDir = DEFAULT_STATE_DIR
) -> None:
    """The accounts that the payer may have meant, the likeliest first, and why."""
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        payment = payment_named(ledger, payment_id, provider)
        found = answered(ledger.get(f"/v1/payments/{payment['id']}/candidates")).json()
        table = Table("account", "payment reference", "why", box=None)
        for each in found:
            shown = each["account_number"], each["payment_reference"] or "", each["reason"]
            table.add_row(*map(plain, shown))
    _console.print(table if found else "no account is close to what the payer gave")


@suspense.command()
def assign(
    payment_id: PaymentId,
    account_number: str,
    *,
    reason: Why,
    who: Who = None,
    provider: Provider = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Give the money to an account: it is topped up, and its supply comes back as after any
    payment."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        payment = payment_named(ledger, payment_id, provider)
        body = {"account_number": account_number, "reason": reason}
        after = answered(ledger.post(f"/v1/payments/{payment['id']}/assign", json=body)).json()
        done = f"{_amount(payment)} given to account {account_number}"
        _console.print(plain(or_waits(after, lambda: done)))


@suspense.command("return")
def give_back(
    payment_id: PaymentId,
    *,
    reason: Why,
    who: Who = None,
    provider: Provider = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Send the money back to its payer. The ledger books the refund as due; order it from the
    provider."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        payment = payment_named(ledger, payment_id, provider)
        path = f"/v1/payments/{payment['id']}/return"
        after = answered(ledger.post(path, json={"reason": reason})).json()
        done = f"{_amount(payment)} is due to the payer, by {payment['provider']}"
        _console.print(plain(or_waits(after, lambda: done)))


def payment_named(ledger: httpx.Client, payment_id: str, provider: str | None) -> dict[str, Any]:
    """The payment, as its provider has it. Raises ValueError for none, and for several."""
    query = {"payment_id": payment_id} | ({"provider": provider} if provider else {})
    found = list(items_of(ledger, "/v1/payments", query))
    if not found:
        message = f"there is no payment {payment_id}; see `prewatt suspense list`"
        raise ValueError(message)
    if len(found) > 1:
        names = ", ".join(payment["provider"] for payment in found)
        message = f"{names} each have a payment {payment_id}: say which by --provider"
        raise ValueError(message)
    return found[0]


def _shown(payment: dict[str, Any]) -> tuple[str, ...]:
    age = datetime.now(UTC) - datetime.fromisoformat(payment["received_at"])
    return (
        payment["payment_id"],
        payment["provider"],
        _amount(payment),
        payment["account_number"],
        payment["reason"],
        _age(age),
    )


def _amount(payment: dict[str, Any]) -> str:
    return f"{decimal_from(payment['amount_micro'])} {payment['currency']}"


def _age(age: timedelta) -> str:
    hours = int(age.total_seconds() // 3600)
    return f"{age.days} d" if age.days else f"{hours} h" if hours else "under 1 h"
