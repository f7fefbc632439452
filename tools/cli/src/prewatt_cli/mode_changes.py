"""``prewatt mode-changes``: accounts that change between prepaid and post-paid."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.lists import items_of
from prewatt_cli.people import Who, account_of, client_for, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target
from prewatt_cli.vending import Key, Why, keyed

mode_changes = typer.Typer(
    help="Accounts that change between prepaid and post-paid.", no_args_is_help=True
)

_console = Console()

ChangeId = Annotated[UUID, typer.Argument(help="As `prewatt mode-changes list` shows it.")]


class Mode(StrEnum):
    """How an account pays."""

    PREPAY = "prepay"
    ARREARS = "arrears"


@mode_changes.command("list")
def list_(
    *,
    every: Annotated[bool, typer.Option("--all", help="Also what is over.")] = False,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Changes that are under way, newest first, and what each waits for."""
    table = Table("id", "account", "to", "first day", "state", "waits for", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        for each in items_of(ledger, "/v1/mode-changes", {} if every else {"open": "true"}):
            table.add_row(
                each["id"],
                each["account_id"],
                each["to"],
                each["first_day"],
                each["state"],
                plain(each["waits_for"] or each["state_reason"]),
            )
    _console.print(table if table.row_count else "no account changes")


@mode_changes.command()
def request(
    account_number: str,
    to: Annotated[Mode, typer.Argument(help="How it is to pay.")],
    *,
    first_day: Annotated[str, typer.Option(help="The first day of it, like 2026-12-01.")],
    tariff: Annotated[str, typer.Option(help="The tariff's code from then on.")],
    consent_by: Annotated[str, typer.Option(help="Who agreed.")],
    consent_reference: Annotated[str, typer.Option(help="Of the paper or session.")],
    consent_at: Annotated[str, typer.Option(help="When, like 2026-11-28T08:00:00Z.")],
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Have an account pay in the other way from a day on, as its customer has agreed."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        body = {
            "to": to,
            "first_day": first_day,
            "tariff_code": tariff,
            "consent_by": consent_by,
            "consent_reference": consent_reference,
            "consent_at": consent_at,
            "reason": reason,
        }
        account_id = account_of(ledger, account_number)["id"]
        after = keyed(ledger, f"/v1/accounts/{account_id}/mode-changes", body, key)
        _console.print(plain(_is_now(after)))


@mode_changes.command()
def notice(
    change_id: ChangeId,
    *,
    reference: Annotated[str, typer.Option(help="Of the letter or message.")],
    given_at: Annotated[str, typer.Option(help="When, like 2026-11-28T08:00:00Z.")],
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Say that the customer was told in time."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        body = {"reference": reference, "given_at": given_at, "reason": reason}
        after = keyed(ledger, f"/v1/mode-changes/{change_id}/notice", body, key)
        _console.print(plain(_is_now(after)))


@mode_changes.command()
def cancel(
    change_id: ChangeId, *, reason: Why, who: Who = None, state_dir: StateDir = DEFAULT_STATE_DIR
) -> None:
    """Leave everything as it is."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        path = f"/v1/mode-changes/{change_id}/cancel"
        after = answered(ledger.post(path, json={"reason": reason})).json()
        _console.print(plain(_is_now(after)))


def _is_now(after: dict[str, Any]) -> str:
    return f"change {after['id']} to {after['to']} from {after['first_day']} on is {after['state']}"
