"""``prewatt debts``: what customers owe apart from their balances, and what people decide of it."""

from datetime import date
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.lists import items_of
from prewatt_cli.payments import decimal_from
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target
from prewatt_cli.vending import or_waits

debts = typer.Typer(help="What is owed apart: nobody is cut for it.", no_args_is_help=True)

_console = Console()

DebtId = Annotated[str, typer.Argument(metavar="DEBT", help="As `ls` shows it.")]
Why = Annotated[str, typer.Option("--reason", help="Why; kept with it.")]


@debts.command()
def ls(
    *,
    account: Annotated[str | None, typer.Option(help="The account's id; none: of all.")] = None,
    paid: Annotated[bool, typer.Option("--all", help="Paid ones too.")] = False,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """What is owed, the newest first."""
    table = Table("debt", "account", "period", "of", "left", "by", "paused until", box=None)
    filters = {} if paid else {"open": "true"}
    if account is not None:
        filters["account_id"] = account
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        for one in items_of(ledger, "/v1/debts", filters):
            shown = (
                one["id"], one["account_id"], one["period_first"], one["cause"],
                _money(one["left_micro"], one["currency"]), _paid_by(one),
                one["paused_until"] or "",
            )  # fmt: skip
            table.add_row(*map(plain, shown))
    _console.print(table if table.row_count else "nothing is owed apart")


@debts.command()
def plan(
    debt_id: DebtId,
    *,
    instalments: Annotated[int | None, typer.Option(min=1, help="A month apart.")] = None,
    first_due: Annotated[str | None, typer.Option(help="Of the first, like 2026-12-01.")] = None,
    topup_percent: Annotated[
        int | None, typer.Option(min=1, max=100, help="In place of both: of each top-up.")
    ] = None,
    reason: Why,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """How it is paid, as agreed with the customer."""
    body: dict[str, Any] = {"reason": reason}
    if instalments is not None:
        body["instalments"] = instalments
    if topup_percent is not None:
        body["topup_share_ppm"] = topup_percent * 10_000
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        if first_due is not None:
            body["first_due"] = date.fromisoformat(first_due).isoformat()
        one = answered(ledger.put(f"/v1/debts/{debt_id}/plan", json=body)).json()
        _console.print(plain(f"{_money(one['left_micro'], one['currency'])}, {_paid_by(one)}"))


@debts.command()
def pause(
    debt_id: DebtId,
    *,
    until: Annotated[str, typer.Option(help="From that day on it is paid again, like 2027-03-01.")],
    reason: Why,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Nothing is taken of it before a day."""
    with one_line_errors():
        _pause(debt_id, date.fromisoformat(until), reason, who=who, state_dir=state_dir)
        _console.print(plain(f"nothing is taken of {debt_id} before {until}"))


@debts.command()
def resume(
    debt_id: DebtId, *, reason: Why, who: Who = None, state_dir: StateDir = DEFAULT_STATE_DIR
) -> None:
    """It is paid again as agreed, from now on."""
    with one_line_errors():
        _pause(debt_id, None, reason, who=who, state_dir=state_dir)
        _console.print(plain(f"{debt_id} is paid as agreed"))


@debts.command(name="write-off")
def write_off(
    debt_id: DebtId,
    *,
    amount: Annotated[
        int | None, typer.Option("--amount-micro", min=1, help="Micro-units; none: all.")
    ] = None,
    reason: Why,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Propose that it is not to be asked for any more; somebody else approves it."""
    body: dict[str, Any] = {"reason": reason}
    if amount is not None:
        body["amount_micro"] = amount
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        made = answered(ledger.post(f"/v1/debts/{debt_id}/write-offs", json=body)).json()
        _console.print(plain(or_waits(made, lambda: "")))


def _pause(debt_id: str, until: date | None, reason: str, *, who: Who, state_dir: StateDir) -> None:
    body = {"until": None if until is None else until.isoformat(), "reason": reason}
    with client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        answered(ledger.put(f"/v1/debts/{debt_id}/pause", json=body))


def _money(micro: int, currency: str) -> str:
    return f"{decimal_from(micro)} {currency}"


def _paid_by(one: dict[str, Any]) -> str:
    if one["topup_share_ppm"] is not None:
        return f"{one['topup_share_ppm'] / 10_000:g} % of top-ups"
    if one["plan"]:
        return f"instalments until {one['plan'][-1]['due_on']}"
    return "nothing agreed"
