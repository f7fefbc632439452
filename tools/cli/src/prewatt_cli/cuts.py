"""``prewatt cuts``: hold cuts, let them go, see what holds them. Reconnections are never held."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.lists import items_of
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target

cuts = typer.Typer(help="What holds cuts. Reconnections are never held.", no_args_is_help=True)

_console = Console()

Why = Annotated[str, typer.Option("--reason", help="Why; kept with it.")]


@cuts.command()
def hold(
    *,
    reason: Why,
    tariff: Annotated[str | None, typer.Option(help="Of accounts with this tariff only.")] = None,
    supply_office: Annotated[str | None, typer.Option(help="Of this one only.")] = None,
    station_area: Annotated[str | None, typer.Option(help="Of this one only.")] = None,
    line: Annotated[str | None, typer.Option(help="Of this one only.")] = None,
    hours: Annotated[
        float | None, typer.Option(min=0.01, max=24 * 365, help="Until then; else until released.")
    ] = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Nobody is cut from now on: of all accounts, or of one tariff or area."""
    named = {
        "tariff": tariff,
        "supply_office": supply_office,
        "station_area": station_area,
        "line": line,
    }
    with one_line_errors():
        given = {scope: name for scope, name in named.items() if name is not None}
        if len(given) > 1:
            message = (
                f"give one of --{' --'.join(given).replace('_', '-')}: each is a hold of its own"
            )
            raise ValueError(message)
        body: dict[str, Any] = {"scope": "all", "reason": reason}
        for scope, name in given.items():
            body |= {"scope": scope, "name": name}
        if hours is not None:
            body["until"] = (datetime.now(UTC) + timedelta(hours=hours)).isoformat()
        with client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
            made = answered(ledger.post("/v1/cut-holds", json=body)).json()
        _console.print(plain(f"cuts of {_scope(made)} are held, {_until(made)}: {made['id']}"))


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
        _console.print(plain(f"cuts of {_scope(ended)} are held by {hold_id} no more"))


@cuts.command()
def status(*, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """What holds cuts now: by whom, since when, until when, why."""
    table = Table("hold", "of", "since", "until", "by", "why", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        for found in items_of(ledger, "/v1/cut-holds", {"active": "true"}):
            placed = found["placed"]
            shown = (
                found["id"], _scope(found), placed["at"], _until(found), placed["by"],
                placed["reason"],
            )  # fmt: skip
            table.add_row(*map(plain, shown))
    _console.print(table if table.row_count else "nothing holds cuts")


def _scope(found: dict[str, Any]) -> str:
    if found["name"] is None:
        return "all accounts"
    return f"{found['scope'].replace('_', ' ')} {found['name']}"


def _until(found: dict[str, Any]) -> str:
    return "until released" if found["until"] is None else f"until {found['until']}"
