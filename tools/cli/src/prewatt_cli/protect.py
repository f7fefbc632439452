"""``prewatt protect``: an account is not cut for a time, on papers."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import httpx
import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.lists import items_of
from prewatt_cli.people import Who, account_of, client_for, plain
from prewatt_cli.scopes import local
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target

Number = Annotated[str, typer.Argument(help="The account's number.")]
Why = Annotated[str, typer.Option("--reason", help="Why; kept with it.")]

_LEDGER = "prepay-ledger"
_console = Console(soft_wrap=True)


def protect(
    number: Number,
    *,
    kind: Annotated[str, typer.Option(help="One that the policy in force names, like medical.")],
    papers: Annotated[
        str, typer.Option(help="Who filed them where, under which number; no diagnosis.")
    ] = "",
    reason: Why,
    from_: Annotated[
        datetime | None, typer.Option("--from", help="This machine's time; else from now on.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(help="Else as long as the policy allows.")
    ] = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Protect an account from cuts for a time; where it is dark, it comes back."""
    body = {
        "kind": kind, "papers": papers, "reason": reason,
        "begins_at": local(from_), "ends_at": local(until),
    }  # fmt: skip
    with one_line_errors(), client_for(_LEDGER, state_dir=state_dir, who=who) as ledger:
        made = answered(ledger.post(_path(ledger, number), json=body)).json()
    span = f"from {made['begins_at']} until {made['ends_at']}"
    _console.print(plain(f"{number} is protected ({made['kind']}) {span}: {made['id']}"))


def protections(number: Number, *, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """What protects an account, did or will, the newest first."""
    table = Table("protection", "kind", "from", "until", "papers", "by", "why", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client(_LEDGER) as ledger:
        for each in items_of(ledger, _path(ledger, number), {}):
            decided: dict[str, Any] = each["decided"]
            row = (
                each["id"], each["kind"], each["begins_at"], each["ends_at"], each["papers"],
                decided["by"], decided["reason"],
            )  # fmt: skip
            table.add_row(*map(plain, row))
    _console.print(table if table.row_count else plain(f"nothing protects {number}"))


def unprotect(
    number: Number,
    protection_id: Annotated[UUID, typer.Argument(help="As `protections` shows it.")],
    *,
    reason: Why,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """A protection ends now."""
    with one_line_errors(), client_for(_LEDGER, state_dir=state_dir, who=who) as ledger:
        path = f"{_path(ledger, number)}/{protection_id}/end"
        ended = answered(ledger.post(path, json={"reason": reason})).json()
    _console.print(plain(f"{ended['kind']} protects {number} until {ended['ends_at']}"))


def _path(ledger: httpx.Client, number: str) -> str:
    account = account_of(ledger, number)
    return f"/v1/accounts/{account['id']}/protections"
