"""``prewatt doors``: which notices somebody is to bring to customers' doors."""

from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.lists import items_of
from prewatt_cli.people import plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target

doors = typer.Typer(help="Notices that are to be brought to the door.", no_args_is_help=True)

_console = Console(soft_wrap=True)


@doors.command()
def orders(
    *,
    all_: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Orders for which somebody is still to go, the newest first."""
    columns = ("order", "account", "template", "language", "bring by", "notice", "address", "end")
    table = Table(*columns, box=None)
    filters = {} if all_ else {"open": "true"}
    with one_line_errors(), find_target(state_dir=state_dir).client("notifier") as notifier:
        for each in items_of(notifier, "/v1/door-orders", filters):
            table.add_row(
                each["id"],
                plain(each["account_number"]),
                each["template"],
                each["language"],
                each["bring_by"],
                each["notice_id"],
                plain(each["address"] or ""),
                each["end"] or "",
            )
    _console.print(table if table.row_count else "nobody need go to a door")


@doors.command()
def text(
    order_id: Annotated[UUID, typer.Argument(help="As `orders` prints it.")],
    *,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """What the paper says that is to be brought."""
    with one_line_errors(), find_target(state_dir=state_dir).client("notifier") as notifier:
        letter = answered(notifier.get(f"/v1/door-orders/{order_id}/text")).json()
    _console.print(plain(letter["subject"]))
    for line in letter["body"].splitlines():
        _console.print(plain(line))
