"""``prewatt contacts``: how a customer is reached, and what they want to be told."""

from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target

contacts = typer.Typer(
    help="How customers are reached, and what they want to be told.", no_args_is_help=True
)

AccountId = Annotated[UUID, typer.Argument(metavar="ACCOUNT_ID", help="Whose.")]
Purposes = Annotated[list[str], typer.Argument(metavar="PURPOSE...", help="As `show` prints them.")]
How = Annotated[str, typer.Option(help="The way the customer said so; kept with it.")]

_NOTIFIER = "notifier"
_console = Console(soft_wrap=True)


@contacts.command()
def show(account_id: AccountId, *, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Where a customer's notices go, and which purposes they are told of."""
    with one_line_errors(), find_target(state_dir=state_dir).client(_NOTIFIER) as notifier:
        contact = answered(notifier.get(_path(account_id))).json()
        said = answered(notifier.get(f"{_path(account_id)}/consents")).json()
    for name, value in contact.items():
        shown = ", ".join(value) if isinstance(value, list) else value
        if shown:
            _console.print(plain(f"{name}: {shown}"))
    _console.print(_table(said))


@contacts.command()
def give(
    account_id: AccountId,
    purposes: Purposes,
    *,
    how: How,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """The customer wants to be told of these."""
    with one_line_errors(), client_for(_NOTIFIER, state_dir=state_dir, who=who) as notifier:
        body = {"purposes": dict.fromkeys(purposes, True), "how": how}
        said = answered(notifier.put(f"{_path(account_id)}/consents", json=body)).json()
    _console.print(_table(said))


@contacts.command()
def withdraw(
    account_id: AccountId,
    purposes: Purposes,
    *,
    how: How,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """The customer wants to be told of these no more."""
    with one_line_errors(), client_for(_NOTIFIER, state_dir=state_dir, who=who) as notifier:
        body = {"purposes": dict.fromkeys(purposes, False), "how": how}
        said = answered(notifier.put(f"{_path(account_id)}/consents", json=body)).json()
    _console.print(_table(said))


@contacts.command()
def forget(
    account_id: AccountId, *, who: Who = None, state_dir: StateDir = DEFAULT_STATE_DIR
) -> None:
    """The customer's addresses, in past notices too; what waits is not sent."""
    with one_line_errors(), client_for(_NOTIFIER, state_dir=state_dir, who=who) as notifier:
        answered(notifier.delete(_path(account_id)))
    _console.print(plain(f"nothing is known of how {account_id} is reached"))


def _path(account_id: UUID) -> str:
    return f"/v1/contacts/{account_id}"


def _table(said: dict[str, Any]) -> Table:
    table = Table("purpose", "told", "said", "at", "how", "by", box=None)
    for each in said["consents"]:
        given = {True: "yes", False: "no", None: ""}[each["given"]]
        told = "yes" if each["told"] else "no"
        if not each["may_be_refused"]:
            told += ", whatever they want"
        row = each["purpose"], told, given, each["at"] or "", each["how"] or "", each["by"] or ""
        table.add_row(*map(plain, row))
    return table
