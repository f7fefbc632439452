"""``prewatt protected-periods``: nobody is cut over a time, everywhere or in an area."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.lists import items_of
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.scopes import Line, StationArea, SupplyOffice, local, one_of
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target
from prewatt_common.contracts.supply_calendar_v1 import PeriodKind

protected_periods = typer.Typer(
    help="Nobody is cut over a heat or cold warning, an exam, a festival, a disaster.",
    no_args_is_help=True,
)

Why = Annotated[str, typer.Option("--reason", help="Why; kept with it.")]

_LEDGER = "prepay-ledger"
_PATH = "/v1/protected-periods"
_console = Console(soft_wrap=True)


@protected_periods.command()
def declare(
    name: Annotated[str, typer.Argument(help="As customers are told of it.")],
    *,
    kind: Annotated[PeriodKind, typer.Option(help="Of period.")],
    until: Annotated[datetime, typer.Option(help="This machine's time.")],
    from_: Annotated[
        datetime | None, typer.Option("--from", help="This machine's time; else from now on.")
    ] = None,
    reason: Why,
    supply_office: SupplyOffice = None,
    station_area: StationArea = None,
    line: Line = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Nobody is cut over a time: everywhere, or in one area."""
    with one_line_errors():
        area = one_of(supply_office=supply_office, station_area=station_area, line=line)
        body = {
            "kind": kind, "name": name, "reason": reason,
            "begins_at": local(from_), "ends_at": local(until),
        }  # fmt: skip
        if area is not None:
            body |= {"area_level": area[0], "area": area[1]}
        with client_for(_LEDGER, state_dir=state_dir, who=who) as ledger:
            made = answered(ledger.post(_PATH, json=body)).json()
    span = f"from {made['begins_at']} until {made['ends_at']}"
    _console.print(plain(f"nobody is cut {_where(made)} {span}: {made['id']}"))


@protected_periods.command()
def end(
    period_id: Annotated[UUID, typer.Argument(help="As `declare` and `list` show it.")],
    *,
    reason: Why,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """A period ends now."""
    with one_line_errors(), client_for(_LEDGER, state_dir=state_dir, who=who) as ledger:
        ended = answered(ledger.post(f"{_PATH}/{period_id}/end", json={"reason": reason})).json()
    _console.print(plain(f"{ended['name']} ends at {ended['ends_at']}"))


@protected_periods.command("list")
def list_(*, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Those of now, of the past and to come, the newest first."""
    table = Table("period", "kind", "name", "where", "from", "until", "by", "why", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client(_LEDGER) as ledger:
        for each in items_of(ledger, _PATH, {}):
            decided: dict[str, Any] = each["decided"]
            row = (
                each["id"], each["kind"], each["name"], _where(each), each["begins_at"],
                each["ends_at"], decided["by"], decided["reason"],
            )  # fmt: skip
            table.add_row(*map(plain, row))
    _console.print(table if table.row_count else "no period is protected")


def _where(found: dict[str, Any]) -> str:
    if found["area"] is None:
        return "anywhere"
    return f"in {found['area_level'].replace('_', ' ')} {found['area']}"
