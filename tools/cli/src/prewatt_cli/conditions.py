"""``prewatt conditions``: what is told of the utility, or of an account, that may hold cuts."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.lists import items_of
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target

conditions = typer.Typer(help="What may hold cuts, where the policy says so.", no_args_is_help=True)

_console = Console()

Why = Annotated[str, typer.Option("--reason", help="Why; kept with it.")]


@conditions.command()
def begin(
    kind: Annotated[str, typer.Argument(help="Like `payment_provider_down`.")],
    reference: Annotated[str, typer.Argument(help="Your name for it: an outage, a payment.")],
    *,
    reason: Why,
    account: Annotated[
        str | None, typer.Option(help="The account's id; none: it is the utility's.")
    ] = None,
    hours: Annotated[
        float | None, typer.Option(min=0.01, max=24 * 365, help="Until then; else until ended.")
    ] = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """It is so from now on; cuts wait where the policy says so."""
    body: dict[str, Any] = {"kind": kind, "reference": reference, "reason": reason}
    if account is not None:
        body["account_id"] = account
    if hours is not None:
        body["until"] = (datetime.now(UTC) + timedelta(hours=hours)).isoformat()
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        made = answered(ledger.post("/v1/conditions", json=body)).json()
        _console.print(plain(f"{kind} of {_whom(made)}, {_until(made)}: {made['id']}"))


@conditions.command()
def end(
    condition_id: Annotated[str, typer.Argument(help="As `status` shows it.")],
    *,
    reason: Why,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """It is so no more: whoever it alone held is cut."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        path = f"/v1/conditions/{condition_id}/end"
        ended = answered(ledger.post(path, json={"reason": reason})).json()
        _console.print(plain(f"{ended['kind']} of {_whom(ended)} stands no more: {condition_id}"))


@conditions.command()
def status(*, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """What stands now: of whom, since when, until when, by whom, why."""
    table = Table("condition", "kind", "of", "about", "since", "until", "by", "why", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        for found in items_of(ledger, "/v1/conditions", {"active": "true"}):
            begun = found["begun"]
            shown = (
                found["id"], found["kind"], _whom(found), found["reference"], begun["at"],
                _until(found), begun["by"], begun["reason"],
            )  # fmt: skip
            table.add_row(*map(plain, shown))
    _console.print(table if table.row_count else "nothing stands")


def _whom(found: dict[str, Any]) -> str:
    return "the utility" if found["account_id"] is None else f"account {found['account_id']}"


def _until(found: dict[str, Any]) -> str:
    return "until ended" if found["until"] is None else f"until {found['until']}"
