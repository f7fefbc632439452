"""``prewatt proposals``, ``prewatt adjust`` and ``prewatt transfer``: balances put right, and what
waits for a second person."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.lists import items_of
from prewatt_cli.payments import decimal_from, micro_from
from prewatt_cli.people import Who, account_of, client_for, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target
from prewatt_cli.vending import Key, Why, keyed, or_waits

proposals = typer.Typer(help="What waits for a second person.", no_args_is_help=True)

_console = Console()

ProposalId = Annotated[UUID, typer.Argument(help="As `prewatt proposals list` shows it.")]


class Cause(StrEnum):
    """Why a balance is adjusted."""

    GOODWILL = "goodwill"
    COMPENSATION = "compensation"
    FEE = "fee"
    UNMETERED_USE = "unmetered-use"
    CHARGE_ERROR = "charge-error"
    PAYMENT_ERROR = "payment-error"
    TAKE_OVER = "take-over"


@proposals.command("list")
def list_(
    *,
    every: Annotated[bool, typer.Option("--all", help="Also what was decided.")] = False,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Acts that wait for a second person, newest first: what exactly, who proposed it and why."""
    table = Table("id", "what", "amount", "of", "proposed by", "why", "state", box=None)
    filters = {} if every else {"state": "waiting"}
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        for each in items_of(ledger, "/v1/proposals", filters):
            exact = ", ".join(f"{name} {value}" for name, value in each["parameters"].items())
            table.add_row(
                each["id"],
                each["kind"],
                f"{decimal_from(each['amount_micro'])} {each['currency']}",
                plain(f"{each['subject']}: {exact}"),
                plain(each["proposed"]["by"]),
                plain(each["proposed"]["reason"]),
                each["state"],
            )
    _console.print(table if table.row_count else "nothing waits")


@proposals.command()
def approve(
    proposal_id: ProposalId,
    *,
    reason: Why,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Approve it, by which it is done: not by who proposed it."""
    _decide(proposal_id, "approve", reason=reason, who=who, state_dir=state_dir)


@proposals.command()
def refuse(
    proposal_id: ProposalId,
    *,
    reason: Why,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """It is not to be done; by who proposed it, it is withdrawn."""
    _decide(proposal_id, "refuse", reason=reason, who=who, state_dir=state_dir)


def adjust(
    account_number: str,
    amount: str,
    *,
    cause: Annotated[Cause, typer.Option(help="Why it is adjusted.")],
    take: Annotated[bool, typer.Option("--take", help="From the account, not to it.")] = False,
    may_overdraw: Annotated[
        bool, typer.Option("--may-overdraw", help="Below what may be used; takes two people.")
    ] = False,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Give to an account's balance, or take from it. Much waits for a second person."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        micro = micro_from(amount)
        body = {
            "account_id": account_of(ledger, account_number)["id"],
            "amount_micro": -micro if take else micro,
            "cause": cause,
            "may_overdraw": may_overdraw,
            "reason": reason,
        }
        after = keyed(ledger, "/v1/adjustments", body, key)
        _console.print(plain(or_waits(after, lambda: _has(account_number, after, "balance_micro"))))


def transfer(
    from_number: Annotated[str, typer.Argument(help="The account that it reached in error.")],
    to_number: Annotated[str, typer.Argument(help="The account that is to have it.")],
    amount: str,
    *,
    may_overdraw: Annotated[
        bool, typer.Option("--may-overdraw", help="Below what may be used; takes two people.")
    ] = False,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Move money between two accounts of one currency. Much waits for a second person."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        body = {
            "from_account_id": account_of(ledger, from_number)["id"],
            "to_account_id": account_of(ledger, to_number)["id"],
            "amount_micro": micro_from(amount),
            "may_overdraw": may_overdraw,
            "reason": reason,
        }
        after = keyed(ledger, "/v1/transfers", body, key)
        _console.print(plain(or_waits(after, lambda: _has(to_number, after, "to_balance_micro"))))


def _decide(
    proposal_id: UUID, action: str, *, reason: str, who: str | None, state_dir: Path
) -> None:
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        path = f"/v1/proposals/{proposal_id}/{action}"
        after = answered(ledger.post(path, json={"reason": reason})).json()
        _console.print(plain(f"proposal {proposal_id} is {after['state']}"))


def _has(number: str, after: dict[str, Any], balance: str) -> str:
    return f"account {number} has {decimal_from(after[balance])} {after['currency']}"
