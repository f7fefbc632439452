"""``prewatt bank``: statements of the utility's bank accounts, and what became of their lines."""

import base64
import time
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import httpx
import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.lists import items_of
from prewatt_cli.payments import decimal_from
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target
from prewatt_cli.vending import Key, keyed, or_waits
from prewatt_metering.tariffs.yaml_text import NotYaml, read_yaml

bank = typer.Typer(help="Bank statements and their lines.", no_args_is_help=True)

_console = Console()
_ASK_EVERY_S = 0.5
_WAIT_S = 600.0

LineId = Annotated[UUID, typer.Argument(help="As `prewatt bank lines` lists it.")]
Why = Annotated[str, typer.Option("--reason", help="Why; kept with it.")]


@bank.command("open")
def open_(
    account: Annotated[str, typer.Argument(help="IBAN, or the bank's number of it.")],
    *,
    currency: Annotated[str, typer.Option(help="What it is in.")],
    name: Annotated[str, typer.Option(help="As people call it.")],
    reason: Why,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Tell of an account of ours at a bank, so that its statements are taken."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        body = {"account": account, "currency": currency, "name": name, "reason": reason}
        answered(ledger.post("/v1/bank/accounts", json=body))
        _console.print(plain(f"statements of {account} are taken"))


@bank.command()
def accounts(*, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Accounts of ours at banks."""
    table = Table("account", "currency", "name", "told by", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        for each in items_of(ledger, "/v1/bank/accounts", {}):
            shown = each["account"], each["currency"], each["name"], each["opened_by"]
            table.add_row(*map(plain, shown))
    _console.print(table if table.row_count else "no bank account is known")


@bank.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="camt.052 to .054, MT940; CSV with --mapping.")],
    *,
    mapping: Annotated[
        Path | None, typer.Option(help="Of CSV: which column says what, in YAML or JSON.")
    ] = None,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Take a bank's file, all of it or nothing, and wait until each line is applied. The same file
    again credits nothing again."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        body = {
            "name": file.name[:200],
            "content_base64": base64.b64encode(file.read_bytes()).decode(),
            "mapping": document_of(mapping) if mapping else None,
        }
        kept = keyed(ledger, "/v1/bank/statements", body, key)
        states = _applied(ledger, kept)
        for head in kept["statements"]:
            text = f"statement {head['number']} of {head['account']}: {head['lines']} lines"
            _console.print(plain(text))
        counted = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        known = ", the file was known" if kept["repeated"] else ""
        _console.print(plain(f"file {kept['id']}: {counted or 'no lines'}{known}"))


@bank.command()
def lines(
    *,
    open_: Annotated[
        bool, typer.Option("--open", help="Only those that a person has to look at.")
    ] = False,
    state: Annotated[str | None, typer.Option(help="Only those in this state.")] = None,
    account: Annotated[str | None, typer.Option(help="Only those of this bank account.")] = None,
    file: Annotated[UUID | None, typer.Option(help="Only those of this file, by its id.")] = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Lines of statements, newest first, and what became of them."""
    asked = {"state": state, "account": account, "file_id": str(file) if file else None}
    query = {name: value for name, value in asked.items() if value is not None}
    if open_:
        query["open"] = "true"
    table = Table("id", "booked", "amount", "state", "what the payer wrote", "why", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        for each in items_of(ledger, "/v1/bank/lines", query):
            written = each["structured"] or each["text"] or each["end_to_end_id"]
            amount = f"{decimal_from(each['amount_micro'])} {each['currency']}"
            shown = each["id"], each["booked_on"], amount, each["state"], written, each["reason"]
            table.add_row(*map(plain, shown))
    _console.print(table if table.row_count else "there is no such line")


@bank.command()
def take(
    line_id: LineId, *, reason: Why, who: Who = None, state_dir: StateDir = DEFAULT_STATE_DIR
) -> None:
    """Credit a doubtful line: it is a payment of its own. One that failed is tried again."""
    _settle(line_id, "take", reason=reason, who=who, state_dir=state_dir)


@bank.command()
def close(
    line_id: LineId, *, reason: Why, who: Who = None, state_dir: StateDir = DEFAULT_STATE_DIR
) -> None:
    """Say that a line was dealt with in another way."""
    _settle(line_id, "close", reason=reason, who=who, state_dir=state_dir)


@bank.command()
def refunds(
    line_id: LineId,
    refund_ids: Annotated[list[UUID], typer.Argument(help="As `prewatt refunds list` shows them.")],
    *,
    reason: Why,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Say which refunds a sum is, whose parts the bank has not told: all that it covers."""
    more = {"refunds": [str(each) for each in refund_ids]}
    _settle(line_id, "refunds", more, reason=reason, who=who, state_dir=state_dir)


def _settle(
    line_id: UUID,
    action: str,
    more: dict[str, Any] | None = None,
    *,
    reason: str,
    who: str | None,
    state_dir: Path,
) -> None:
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        path = f"/v1/bank/lines/{line_id}/{action}"
        after = answered(ledger.post(path, json={"reason": reason, **(more or {})})).json()
        _console.print(plain(or_waits(after, lambda: _is_now(line_id, after))))


def _is_now(line_id: UUID, after: dict[str, Any]) -> str:
    still = "" if after["open"] else ", and open no more"
    return f"line {line_id} is {after['state']}{still}"


def _applied(ledger: httpx.Client, kept: dict[str, Any]) -> dict[str, int]:
    """How many lines are in each state, once none waits."""
    states: dict[str, int] = kept["states"]
    until = time.monotonic() + _WAIT_S
    while states.get("waiting") and time.monotonic() < until:
        time.sleep(_ASK_EVERY_S)
        states = answered(ledger.get(f"/v1/bank/statements/{kept['id']}")).json()["states"]
    return states


def document_of(path: Path) -> Any:
    """What a file in YAML, of which JSON is a part, says. Raises ValueError."""
    try:
        return read_yaml(path.read_bytes())
    except NotYaml as error:
        message = f"{path}: {error}"
        raise ValueError(message) from error
