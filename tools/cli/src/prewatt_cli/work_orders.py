"""``prewatt work-orders``: what somebody has to see to at a meter."""

from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.lists import items_of
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target

work_orders = typer.Typer(help="What has to be seen to at meters.", no_args_is_help=True)

_console = Console()
_SHOWN = ("id", "kind", "meter_id", "opened_at", "reason")


class Result(StrEnum):
    """What came of an order."""

    DONE = "done"
    NOTHING_FOUND = "nothing_found"
    NOT_POSSIBLE = "not_possible"


@work_orders.command("list")
def list_(
    *,
    kind: Annotated[str | None, typer.Option(help="Only of this kind: paid_but_dark, ...")] = None,
    meter: Annotated[str | None, typer.Option(help="Only of this meter.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Work orders that are open, newest first."""
    table = Table("order", "kind", "meter", "opened", "reason", "result", box=None)
    filters = {
        name: value
        for name, value in (("kind", kind), ("meter_id", meter), ("open", None if all_ else "true"))
        if value is not None
    }
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        for order in items_of(ledger, "/v1/work-orders", filters):
            closing = order["closing"]
            result = f"{closing['result']}: {closing['note']}" if closing else ""
            table.add_row(*(plain(str(order[field])) for field in _SHOWN), plain(result))
    _console.print(table if table.row_count else "there is no such work order")


@work_orders.command()
def close(
    order_ids: Annotated[list[str], typer.Argument(help="As `list` shows them, any number.")],
    *,
    result: Annotated[Result, typer.Option(help="What came of it.")],
    note: Annotated[str, typer.Option(help="In the words of who was there; kept with it.")],
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Say what came of orders."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        for order_id in order_ids:
            body = {"result": result, "note": note}
            order = answered(ledger.post(f"/v1/work-orders/{order_id}/close", json=body)).json()
            _console.print(plain(f"{order['kind']} at meter {order['meter_id']}: {result}"))


@work_orders.command()
def code(
    order_id: Annotated[str, typer.Argument(help="A paid_but_dark order, as `list` shows it.")],
    *,
    another: Annotated[
        bool, typer.Option("--another", help="A new one: the one before did not help.")
    ] = False,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Read the code that closes the relay at the meter, without a network. It is kept who did."""
    with (
        one_line_errors(),
        client_for("prepay-ledger", state_dir=state_dir, who=who, also=["site-codes"]) as ledger,
    ):
        path = f"/v1/work-orders/{order_id}/site-code"
        shown = answered(ledger.post(path, json={"another": another})).json()
        for each in shown["codes"]:
            _console.print(
                plain(f"meter {shown['meter_id']}, key {each['key_id']}: {each['code']}")
            )
        for each in shown["readings"]:
            _console.print(plain(f"read at {each['at']} by {each['read_by']}"))
