"""``prewatt credit``: emergency credit, looked up and accepted for a customer at the desk."""

from typing import Annotated
from uuid import UUID

import httpx
import typer
from rich.console import Console

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.payments import decimal_from
from prewatt_cli.people import Who, account_of, client_for, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir
from prewatt_cli.vending import Key, keyed

credit = typer.Typer(help="Emergency credit.", no_args_is_help=True)

Number = Annotated[str, typer.Argument(help="The account's number.")]

_LEDGER = "prepay-ledger"
_SCOPES = ("emergency-credit",)
_console = Console(soft_wrap=True)


@credit.command()
def show(number: Number, *, who: Who = None, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """What is offered to an account, or accepted; or why nothing can be accepted now."""
    with one_line_errors(), client_for(
        _LEDGER, state_dir=state_dir, who=who, also=_SCOPES
    ) as ledger:  # fmt: skip
        found = answered(ledger.get(f"/v1/accounts/{_id_of(ledger, number)}/emergency-credit"))
        standing = found.json()
    money = standing["currency"]
    offered = standing["credit"]
    if offered:
        amount = decimal_from(offered["amount_micro"])
        _console.print(plain(f"{offered['state']}: {amount} {money}, {offered['id']}"))
    if standing["refused"]:
        _console.print(plain(f"nothing can be accepted now: {standing['refused']}"))
    for name in ("balance", "used", "left"):
        _console.print(plain(f"{name}: {decimal_from(standing[f'{name}_micro'])} {money}"))


@credit.command()
def accept(
    number: Number,
    *,
    means: Annotated[str, typer.Option(help="How they said so: app, sms, phone or desk.")] = "desk",
    reason: Annotated[str, typer.Option("--reason", help="In what words; kept with it.")],
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """The customer accepts what is offered. The next top-up repays it first."""
    with one_line_errors(), client_for(
        _LEDGER, state_dir=state_dir, who=who, also=_SCOPES
    ) as ledger:  # fmt: skip
        path = f"/v1/accounts/{_id_of(ledger, number)}/emergency-credit"
        made = keyed(ledger, path, {"means": means, "reason": reason}, key)
    amount = decimal_from(made["amount_micro"])
    _console.print(plain(f"{number} may use {amount} more; {made['state']} as {made['id']}"))


def _id_of(ledger: httpx.Client, number: str) -> UUID:
    return UUID(account_of(ledger, number)["id"])
