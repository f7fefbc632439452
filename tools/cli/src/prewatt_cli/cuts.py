"""``prewatt cuts``: hold cuts, let them go, see what holds them. Reconnections are never held."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.lists import items_of
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.scopes import Line, StationArea, SupplyOffice, Tariff, scope_of
from prewatt_cli.scopes import shown as scope_shown
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target
from prewatt_cli.undo import undo

cuts = typer.Typer(help="What holds cuts. Reconnections are never held.", no_args_is_help=True)
cuts.add_typer(undo, name="undo")

_console = Console()

Why = Annotated[str, typer.Option("--reason", help="Why; kept with it.")]


@cuts.command()
def hold(
    *,
    reason: Why,
    tariff: Tariff = None,
    supply_office: SupplyOffice = None,
    station_area: StationArea = None,
    line: Line = None,
    hours: Annotated[
        float | None, typer.Option(min=0.01, max=24 * 365, help="Until then; else until released.")
    ] = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Nobody is cut from now on: of all accounts, or of one tariff or area."""
    with one_line_errors():
        scope = scope_of(
            tariff=tariff, supply_office=supply_office, station_area=station_area, line=line
        )
        body = scope | {"reason": reason}
        if hours is not None:
            body["until"] = (datetime.now(UTC) + timedelta(hours=hours)).isoformat()
        with client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
            made = answered(ledger.post("/v1/cut-holds", json=body)).json()
        _console.print(plain(f"cuts of {scope_shown(made)} are held, {_until(made)}: {made['id']}"))


@cuts.command()
def release(
    hold_id: Annotated[str, typer.Argument(help="As `status` shows it.")],
    *,
    reason: Why,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """A hold ends, be it a person's or the fleet breaker's: whoever it held is cut again."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        path = f"/v1/cut-holds/{hold_id}/end"
        ended = answered(ledger.post(path, json={"reason": reason})).json()
        _console.print(plain(f"cuts of {scope_shown(ended)} are held by {hold_id} no more"))


@cuts.command()
def status(*, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """What holds cuts now: by whom, since when, until when, why."""
    table = Table("hold", "of", "since", "until", "by", "why", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        for found in items_of(ledger, "/v1/cut-holds", {"active": "true"}):
            placed = found["placed"]
            shown = (
                found["id"], scope_shown(found), placed["at"], _until(found), placed["by"],
                placed["reason"],
            )  # fmt: skip
            table.add_row(*map(plain, shown))
    _console.print(table if table.row_count else "nothing holds cuts")


def _until(found: dict[str, Any]) -> str:
    return "until released" if found["until"] is None else f"until {found['until']}"
