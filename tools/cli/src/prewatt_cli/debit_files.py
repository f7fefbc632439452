"""``prewatt debit-files``: files by which banks collect what mandates ask for."""

from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.lists import items_of
from prewatt_cli.payments import decimal_from
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target
from prewatt_cli.vending import Key, Why, keyed

debit_files = typer.Typer(
    help="Files by which banks collect what mandates ask for.", no_args_is_help=True
)

_console = Console()

FileId = Annotated[UUID, typer.Argument(help="As `prewatt debit-files list` shows it.")]


@debit_files.command("list")
def list_(*, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Files, newest first."""
    table = Table("id", "bank", "collects on", "lines", "sum", "state", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        for each in items_of(ledger, "/v1/debit-files", {}):
            table.add_row(
                each["id"],
                plain(each["provider"]),
                each["collect_on"],
                str(each["lines"]),
                f"{decimal_from(each['sum_micro'])} {each['currency']}",
                each["state"],
            )
    _console.print(table if table.row_count else "there is no debit file")


@debit_files.command()
def begin(
    provider: Annotated[str, typer.Argument(help="The bank, as the settings name it.")],
    collect_on: Annotated[str, typer.Argument(help="A business day, like 2026-12-01.")],
    *,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Begin a file: until its cut-off what is due comes into it."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        body = {"provider": provider, "collect_on": collect_on, "reason": reason}
        after = keyed(ledger, "/v1/debit-files", body, key)
        _console.print(plain(_is_now(after)))


@debit_files.command()
def save(
    file_id: FileId,
    to: Annotated[Path, typer.Argument(help="Where; a file that is there is not overwritten.")],
    *,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Save the file for the bank, with whole account numbers."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir) as ledger:
        body = answered(ledger.get(f"/v1/debit-files/{file_id}/content")).content
        with to.open("xb") as out:
            out.write(body)
        _console.print(plain(f"{len(body)} bytes are in {to}"))


@debit_files.command()
def send(
    file_id: FileId, *, reason: Why, who: Who = None, state_dir: StateDir = DEFAULT_STATE_DIR
) -> None:
    """Say that the bank has the file, and by what reference."""
    _mark(file_id, "send", reason=reason, who=who, state_dir=state_dir)


@debit_files.command()
def cancel(
    file_id: FileId, *, reason: Why, who: Who = None, state_dir: StateDir = DEFAULT_STATE_DIR
) -> None:
    """Say that the bank never had the file: what is due is asked for anew."""
    _mark(file_id, "cancel", reason=reason, who=who, state_dir=state_dir)


def _mark(file_id: UUID, action: str, *, reason: str, who: str | None, state_dir: Path) -> None:
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        path = f"/v1/debit-files/{file_id}/{action}"
        _console.print(plain(_is_now(answered(ledger.post(path, json={"reason": reason})).json())))


def _is_now(after: dict[str, Any]) -> str:
    return f"debit file {after['id']} for {after['provider']} is {after['state']}"
