"""``prewatt deposits``: cash and guarantees held as security."""

from datetime import date
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

deposits = typer.Typer(help="Cash and guarantees held as security.", no_args_is_help=True)

_console = Console()

DepositId = Annotated[UUID, typer.Argument(help="As `prewatt deposits list` shows it.")]
Day = Annotated[str, typer.Option(help="Like 2026-12-01.")]


class Kind(StrEnum):
    """What is held."""

    CASH = "cash"
    GUARANTEE = "guarantee"


class Place(StrEnum):
    """Where cash comes from, or goes."""

    BANK = "bank"
    CASH = "cash"
    BALANCE = "balance"


@deposits.command("list")
def list_(
    *,
    every: Annotated[bool, typer.Option("--all", help="Also what nothing is left of.")] = False,
    without_line: Annotated[
        bool, typer.Option("--without-line", help="Only what is on no line of the bank yet.")
    ] = False,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """What is held, newest first."""
    asked = {} if every or without_line else {"open": "true"}
    if without_line:
        asked["without_line"] = "true"
    table = Table("id", "kind", "held", "left", "issuer", "reference", "until", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        for each in items_of(ledger, "/v1/deposits", asked):
            table.add_row(
                each["id"],
                each["kind"],
                f"{decimal_from(each['amount_micro'])} {each['currency']}",
                decimal_from(each["left_micro"]),
                plain(each["issuer"]),
                plain(each["reference"]),
                each["valid_until"] or "",
            )
    _console.print(table if table.row_count else "nothing is held")


@deposits.command()
def hold(
    account_number: str,
    amount: str,
    *,
    kind: Annotated[Kind, typer.Option(help="What is held.")] = Kind.CASH,
    currency: Annotated[str, typer.Option(help="What it is in.")] = "CNY",
    reference: Annotated[str, typer.Option(help="Of the receipt, or the bank's paper.")],
    issuer: Annotated[str | None, typer.Option(help="The bank of a guarantee.")] = None,
    place: Annotated[Place | None, typer.Option(help="Where cash came from.")] = None,
    valid_from: Day = "",
    valid_until: Annotated[str | None, typer.Option(help="The last day of a guarantee.")] = None,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Hold cash or a guarantee for an account. Much waits for a second person."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        body = {
            "kind": kind,
            "amount_micro": micro_from(amount),
            "currency": currency,
            "reference": reference,
            "issuer": issuer,
            "place": place,
            "valid_from": valid_from or date.today().isoformat(),  # noqa: DTZ011 - the person's own
            "valid_until": valid_until,
            "reason": reason,
        }
        account_id = account_of(ledger, account_number)["id"]
        after = keyed(ledger, f"/v1/accounts/{account_id}/deposits", body, key)
        _console.print(plain(or_waits(after, lambda: _is_now(after))))


@deposits.command()
def draw(
    deposit_id: DepositId,
    amount: str,
    *,
    debt: Annotated[
        UUID | None, typer.Option(help="What is paid; left out: what the balance owes.")
    ] = None,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Pay what is owed from it. Much waits for a second person."""
    body = {"debt_id": str(debt) if debt else None}
    _do(deposit_id, "draw", amount, body, reason=reason, key=key, who=who, state_dir=state_dir)


@deposits.command()
def receive(
    deposit_id: DepositId,
    amount: str,
    *,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Say that a guarantee's issuer has paid what was drawn."""
    _do(deposit_id, "receive", amount, {}, reason=reason, key=key, who=who, state_dir=state_dir)


@deposits.command()
def match(
    deposit_id: DepositId,
    bank_line: Annotated[UUID, typer.Argument(help="As `prewatt bank lines` lists it.")],
    *,
    reason: Why,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Say by which line of the bank its money came, or as which it went back."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        body = {"bank_line": str(bank_line), "reason": reason}
        step = answered(ledger.post(f"/v1/deposits/{deposit_id}/match", json=body)).json()
        amount = decimal_from(step["amount_micro"])
        _console.print(plain(f"line {bank_line} is what deposit {deposit_id} has as {amount}"))


@deposits.command()
def release(
    deposit_id: DepositId,
    amount: str,
    *,
    place: Annotated[Place | None, typer.Option(help="Where cash goes.")] = None,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Give it back, or a part of it. Much waits for a second person."""
    body = {"place": place}
    _do(deposit_id, "release", amount, body, reason=reason, key=key, who=who, state_dir=state_dir)


def _do(
    deposit_id: UUID,
    action: str,
    amount: str,
    body: dict[str, Any],
    *,
    reason: str,
    key: str | None,
    who: str | None,
    state_dir: Path,
) -> None:
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        asked = body | {"amount_micro": micro_from(amount), "reason": reason}
        after = keyed(ledger, f"/v1/deposits/{deposit_id}/{action}", asked, key)
        _console.print(plain(or_waits(after, lambda: _is_now(after))))


def _is_now(after: dict[str, Any]) -> str:
    left = f"{decimal_from(after['left_micro'])} {after['currency']}"
    return f"deposit {after['id']}: {left} left"
