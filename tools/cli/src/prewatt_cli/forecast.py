"""``prewatt forecast``: when an account's money will probably end, and by when to buy."""

from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.people import account_of, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target

_console = Console()


def forecast(
    number: Annotated[str, typer.Argument(help="The account's number.")],
    *,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """When the account's money will probably end, and by when it had better buy; or why nobody
    knows."""
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        account = account_of(ledger, number)
        said = answered(ledger.get(f"/v1/accounts/{account['id']}/forecast")).json()
    for line in _lines(said):
        _console.print(plain(line))


def _lines(said: dict[str, Any]) -> list[str]:
    if said["not_known"] is not None:
        return [f"not known: {said['not_known'].replace('_', ' ')}"]
    zone, ends, basis = ZoneInfo(said["timezone"]), said["ends"], said["basis"]

    def wall(at: str | None) -> str:
        if at is None:
            return f"not within {basis['days_ahead']} days"
        return f"{datetime.fromisoformat(at).astimezone(zone):%a %d %b %Y %H:%M}"

    lines = [
        f"money ends about {wall(ends['p50'])} ({said['timezone']})",
        f"one in ten ends by {wall(ends['p10'])}, nine in ten by {wall(ends['p90'])}",
    ]
    if said["cut_from"] is not None:
        lines.append(
            f"a cut may come from {wall(said['cut_from'])} on; buy by {wall(said['buy_by'])}"
        )
    lines.append(
        f"from {basis['measured_days']} measured days, {basis['first_day']} to"
        f" {basis['last_day']}, "
        f"{basis['day_wh'] / 1000:.1f} kWh a day of late; read at {wall(said['as_of'])}"
    )
    return lines
