"""``prewatt cuts undo``: cuts that were a mistake. One person lists them, another releases that."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.lists import items_of
from prewatt_cli.payments import decimal_from
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.scopes import Line, StationArea, SupplyOffice, Tariff, local, scope_of, shown
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target

undo = typer.Typer(help="Cuts that were a mistake.", no_args_is_help=True)

UndoId = Annotated[UUID, typer.Argument(help="As `draft` and `list` show it.")]
Why = Annotated[str, typer.Option("--reason", help="Why; kept with it.")]

_LEDGER = "prepay-ledger"
_PATH = "/v1/cut-undos"
_console = Console(soft_wrap=True)


@undo.command()
def draft(
    *,
    since: Annotated[datetime, typer.Option(help="The first cut, this machine's time.")],
    until: Annotated[
        datetime | None, typer.Option(help="No cut from then on; else: up to now.")
    ] = None,
    reason: Why,
    tariff: Tariff = None,
    supply_office: SupplyOffice = None,
    station_area: StationArea = None,
    line: Line = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """List whose cuts were a mistake; nothing changes before another person releases it."""
    with one_line_errors():
        scope = scope_of(
            tariff=tariff, supply_office=supply_office, station_area=station_area, line=line
        )
        body = scope | {"since": local(since), "until": local(until), "reason": reason}
        with client_for(_LEDGER, state_dir=state_dir, who=who) as ledger:
            made = answered(ledger.post(_PATH, json=body)).json()
    _console.print(
        plain(f"{made['accounts']} cut of {shown(made)}, {made['dark']} went dark: {made['id']}")
    )


@undo.command()
def release(
    undo_id: UndoId, *, reason: Why, who: Who = None, state_dir: StateDir = DEFAULT_STATE_DIR
) -> None:
    """What another person drafted: its accounts are reconnected, kept on whatever their balance,
    and told that we are sorry."""
    done = _decide(undo_id, "release", reason, who=who, state_dir=state_dir)
    _console.print(f"{done['accounts']} are kept on until `end`")


@undo.command()
def withdraw(
    undo_id: UndoId, *, reason: Why, who: Who = None, state_dir: StateDir = DEFAULT_STATE_DIR
) -> None:
    """A draft is not to be released."""
    _decide(undo_id, "withdraw", reason, who=who, state_dir=state_dir)
    _console.print("withdrawn")


@undo.command()
def end(
    undo_id: UndoId, *, reason: Why, who: Who = None, state_dir: StateDir = DEFAULT_STATE_DIR
) -> None:
    """What had cut them is put right: they are decided about as any other."""
    done = _decide(undo_id, "end", reason, who=who, state_dir=state_dir)
    _console.print(f"{done['accounts']} are kept on no more")


@undo.command("list")
def list_(*, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Every undo, the newest first, and how far it is."""
    table = Table("undo", "state", "of", "accounts", "went dark", "by", "why", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client(_LEDGER) as ledger:
        for each in items_of(ledger, _PATH, {}):
            drafted = each["drafted"]
            row = (
                each["id"], each["state"], shown(each), each["accounts"], each["dark"],
                drafted["by"], drafted["reason"],
            )  # fmt: skip
            table.add_row(*(plain(str(value)) for value in row))
    _console.print(table if table.row_count else "no cut was ever undone")


@undo.command()
def accounts(undo_id: UndoId, *, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Whose cuts it undoes, and how they stand now."""
    table = Table("account", "cut at", "went dark", "supply", "balance", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client(_LEDGER) as ledger:
        for each in items_of(ledger, f"{_PATH}/{undo_id}/accounts", {}):
            balance = f"{decimal_from(each['balance_micro'])} {each['currency']}"
            row = (
                each["number"], each["cut_at"], "yes" if each["was_dark"] else "no",
                each["supply_state"], balance,
            )  # fmt: skip
            table.add_row(*map(plain, row))
    _console.print(table)


def _decide(
    undo_id: UUID, what: str, reason: str, *, who: str | None, state_dir: Any
) -> dict[str, Any]:
    with one_line_errors(), client_for(_LEDGER, state_dir=state_dir, who=who) as ledger:
        answer = ledger.post(f"{_PATH}/{undo_id}/{what}", json={"reason": reason})
        return answered(answer).json()
