"""``prewatt payouts``: what providers have sent to the bank, and whether it came there."""

from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import one_line_errors
from prewatt_cli.lists import items_of
from prewatt_cli.payments import decimal_from
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target
from prewatt_cli.vending import Key, Why, keyed, or_waits

payouts = typer.Typer(
    help="What providers have sent to the bank, and whether it came.", no_args_is_help=True
)

_console = Console()

PayoutId = Annotated[UUID, typer.Argument(help="As `prewatt payouts list` shows it.")]


@payouts.command("list")
def list_(
    *,
    open_: Annotated[
        bool, typer.Option("--open", help="Only those that somebody has to look at.")
    ] = False,
    provider: Annotated[str | None, typer.Option(help="Only this provider's.")] = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Payouts, newest first."""
    filters = {"provider": provider} if provider else {}
    if open_:
        filters["open"] = "true"
    table = Table("id", "provider", "of", "amount", "reference", "state", "late", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        for each in items_of(ledger, "/v1/payouts", filters):
            table.add_row(
                each["id"],
                plain(each["provider"]),
                each["business_day"],
                f"{decimal_from(each['amount_micro'])} {each['currency']}",
                plain(each["reference"]),
                each["state"],
                "yes" if each["late"] else "no",
            )
    _console.print(table if table.row_count else "there is no such payout")


@payouts.command()
def match(
    payout_id: PayoutId,
    bank_line: Annotated[UUID, typer.Argument(help="As `prewatt bank lines` lists it.")],
    *,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Say as which line of the bank it arrived; what that has less is a fee, and much of it waits
    for a second person."""
    body = {"bank_line": str(bank_line), "reason": reason}
    _do(payout_id, "match", body, key=key, who=who, state_dir=state_dir)


@payouts.command()
def undo(
    payout_id: PayoutId,
    *,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Say that the line which it was matched with is something else."""
    _do(payout_id, "undo", {"reason": reason}, key=key, who=who, state_dir=state_dir)


@payouts.command()
def accept(
    payout_id: PayoutId,
    *,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Say why it is not waited for any more. Nothing is moved."""
    _do(payout_id, "accept", {"reason": reason}, key=key, who=who, state_dir=state_dir)


def _do(
    payout_id: UUID,
    action: str,
    body: dict[str, Any],
    *,
    key: str | None,
    who: str | None,
    state_dir: Path,
) -> None:
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        after = keyed(ledger, f"/v1/payouts/{payout_id}/{action}", body, key)
        _console.print(plain(or_waits(after, lambda: f"payout {payout_id} is {after['state']}")))
