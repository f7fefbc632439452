"""``prewatt cashier``: drawers counted, days closed, cash handed over and received."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import one_line_errors
from prewatt_cli.lists import items_of
from prewatt_cli.payments import decimal_from, micro_from
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target
from prewatt_cli.vending import Code, Key, Why, keyed, till

cashier = typer.Typer(help="Cashiers' days: counted, closed, handed over.", no_args_is_help=True)

_console = Console()

Seller = Annotated[
    str | None, typer.Option(help="Whose drawer, if you are a supervisor; else your own.")
]
Difference = Annotated[str | None, typer.Option("--reason", help="Where the amount differs: why.")]


class Destination(StrEnum):
    """Where cash goes."""

    BANK = "bank"
    PERSON = "person"


class State(StrEnum):
    """How far a day is."""

    OPEN = "open"
    COUNTED = "counted"
    CLOSED = "closed"
    HANDED_OVER = "handed_over"


@cashier.command()
def days(
    *,
    vendor: Annotated[str | None, typer.Option(help="Of that desk alone.")] = None,
    state: Annotated[State | None, typer.Option(help="So far alone.")] = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Cashiers' days, newest first, with the latest count of each."""
    filters = {"vendor": vendor or "", "state": state or ""}
    table = Table("day", "desk", "seller", "taken", "counted", "state", "count", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        asked = {name: value for name, value in filters.items() if value}
        for each in items_of(ledger, "/v1/cash-days", asked):
            count = each["count"]
            table.add_row(
                each["business_day"],
                each["vendor"],
                plain(each["seller"]),
                f"{decimal_from(each['expected_micro'])} {each['currency']}",
                decimal_from(count["counted_micro"]) if count else "",
                each["state"],
                count["id"] if count else "",
            )
    _console.print(table if table.row_count else "there is no such day")


@cashier.command()
def count(
    code: Code,
    amount: Annotated[str, typer.Argument(help="What is in the drawer.")],
    *,
    day: Annotated[str, typer.Option(help="The business day, as 2026-03-01.")],
    reason: Difference = None,
    seller: Seller = None,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Count a drawer and close its day."""
    with one_line_errors(), till(*_rights(seller), state_dir=state_dir, who=who) as ledger:
        body = {
            "vendor": code,
            "business_day": day,
            "counted_micro": _micro(amount),
            "reason": reason,
            "seller": seller,
        }
        done = keyed(ledger, "/v1/cash-days/counts", body, key)
        _console.print(plain(_said(done)))


@cashier.command()
def accept(
    count_id: Annotated[UUID, typer.Argument(help="As `prewatt cashier days` lists it.")],
    *,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Close a day whose count differs: not by who sold or counted."""
    _decide(count_id, "accept", reason=reason, key=key, who=who, state_dir=state_dir)


@cashier.command("send-back")
def send_back(
    count_id: Annotated[UUID, typer.Argument(help="As `prewatt cashier days` lists it.")],
    *,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Have a drawer counted anew: its day is open again."""
    _decide(count_id, "send-back", reason=reason, key=key, who=who, state_dir=state_dir)


@cashier.command("hand-over")
def hand_over(
    code: Code,
    amount: Annotated[str, typer.Argument(help="All cash of closed days.")],
    *,
    to: Annotated[Destination, typer.Option(help="Where it goes.")] = Destination.BANK,
    receiver: Annotated[str | None, typer.Option(help="Which person, if to a person.")] = None,
    slip: Annotated[str, typer.Option(help="The number of the slip or signed paper.")],
    seller: Seller = None,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Hand over the cash of closed days."""
    with one_line_errors(), till(*_rights(seller), state_dir=state_dir, who=who) as ledger:
        body = {
            "vendor": code,
            "amount_micro": micro_from(amount),
            "destination": to,
            "receiver": receiver,
            "slip": slip,
            "seller": seller,
        }
        done = keyed(ledger, "/v1/cash-hand-overs", body, key)
        _console.print(plain(f"{done['id']}: {amount} {done['currency']} on its way, slip {slip}"))


@cashier.command()
def receive(
    hand_over_id: Annotated[UUID, typer.Argument(help="As `prewatt cashier hand-overs` has it.")],
    amount: Annotated[str, typer.Argument(help="What came.")],
    *,
    reason: Difference = None,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Say that cash has come: not by who handed it over."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        body = {"received_micro": _micro(amount), "reason": reason}
        done = keyed(ledger, f"/v1/cash-hand-overs/{hand_over_id}/receive", body, key)
        _console.print(plain(f"{amount} {done['currency']} of {done['seller']} has come"))


@cashier.command("hand-overs")
def hand_overs(
    *,
    on_its_way: Annotated[bool, typer.Option("--on-its-way", help="What has not come.")] = False,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Cash that was handed over, newest first."""
    filters = {"received": "false"} if on_its_way else {}
    table = Table("id", "desk", "seller", "amount", "to", "slip", "received", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        for each in items_of(ledger, "/v1/cash-hand-overs", filters):
            receipt = each["receipt"]
            table.add_row(
                each["id"],
                each["vendor"],
                plain(each["seller"]),
                f"{decimal_from(each['amount_micro'])} {each['currency']}",
                plain(each["receiver"] or each["destination"]),
                plain(each["slip"]),
                plain(f"{decimal_from(receipt['received_micro'])} by {receipt['who']}")
                if receipt
                else "",
            )
    _console.print(table if table.row_count else "nothing was handed over")


def _decide(
    count_id: UUID, action: str, *, reason: str, key: str | None, who: str | None, state_dir: Any
) -> None:
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        path = f"/v1/cash-days/counts/{count_id}/{action}"
        _console.print(plain(_said(keyed(ledger, path, {"reason": reason}, key))))


def _rights(seller: str | None) -> list[str]:
    return ["supervise-vends"] if seller else []


def _micro(amount: str) -> int:
    return 0 if amount == "0" else micro_from(amount)


def _said(day: dict[str, Any]) -> str:
    said = f"{day['business_day']} of {day['seller']} at {day['vendor']} is {day['state']}"
    micro = day["count"]["difference_micro"]
    if not micro:
        return said
    differs = f"{decimal_from(abs(micro))} {day['currency']} {'short' if micro < 0 else 'over'}"
    return f"{said}, {differs}: count {day['count']['id']}"
