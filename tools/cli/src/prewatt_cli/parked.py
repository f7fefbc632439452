"""``prewatt parked``: meters whose readings raise, kept aside until the fault is mended."""

from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.lists import items_of
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target

parked = typer.Typer(help="Meters whose readings raise.", no_args_is_help=True)

_console = Console()
_SHOWN = ("meter_id", "since", "readings", "record", "error")


@parked.command("list")
def list_(*, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Which meters are parked: since when, how many readings wait, at which record, why."""
    table = Table("meter", "since", "readings", "record", "error", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        for meter in items_of(ledger, "/v1/parked-meters", {}):
            table.add_row(*(plain(str(meter[field])) for field in _SHOWN))
    _console.print(table if table.row_count else "no meter is parked")


@parked.command()
def release(
    meter_ids: Annotated[list[str], typer.Argument(help="As `list` shows them, any number.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; kept with it.")],
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Charge what was set aside, and the meters' readings from now on.

    Exit code 1 where the readings of one raise again: it stays parked.
    """
    odd = False
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        for meter_id in meter_ids:
            answer = ledger.post(f"/v1/parked-meters/{meter_id}/release", json={"reason": reason})
            if answer.status_code == httpx.codes.CONFLICT:
                odd = True
                _console.print(plain(f"{meter_id}: {answer.json()['detail']}"))
                continue
            count = answered(answer).json()["readings"]
            _console.print(plain(f"{meter_id}: released, {count} readings taken"))
    if odd:
        raise typer.Exit(1)
