"""``prewatt transfer-files``: files by which a bank pays refunds, and what it answers."""

import base64
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.lists import items_of
from prewatt_cli.payments import decimal_from
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target
from prewatt_cli.vending import Key, Why, keyed, or_waits

transfer_files = typer.Typer(
    help="Files by which a bank pays refunds, and what it answers.", no_args_is_help=True
)

_console = Console()

Bank = Annotated[str, typer.Argument(help="The bank, as the settings name it.")]
FileId = Annotated[UUID, typer.Argument(help="As `prewatt transfer-files list` shows it.")]


@transfer_files.command("list")
def list_(*, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Files, newest first."""
    table = Table("id", "bank", "pays on", "lines", "sum", "state", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        for each in items_of(ledger, "/v1/transfer-files", {}):
            table.add_row(
                each["id"],
                plain(each["bank"]),
                each["pay_on"],
                str(each["lines"]),
                f"{decimal_from(each['sum_micro'])} {each['currency']}",
                each["state"],
            )
    _console.print(table if table.row_count else "there is no transfer file")


@transfer_files.command()
def make(
    bank: Bank,
    pay_on: Annotated[str, typer.Argument(help="A business day, like 2026-12-01.")],
    *,
    without: Annotated[
        list[UUID] | None, typer.Option(help="A refund that is not to be in it; repeatable.")
    ] = None,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Have all refunds that wait for a transfer paid by a file. Much waits for a second person."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        body = {
            "bank": bank,
            "pay_on": pay_on,
            "without": [str(each) for each in without or ()],
            "reason": reason,
        }
        after = keyed(ledger, "/v1/transfer-files", body, key)
        _console.print(plain(_is_now(after)))


@transfer_files.command()
def save(
    file_id: FileId,
    to: Annotated[Path, typer.Argument(help="Where; a file that is there is not overwritten.")],
    *,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Save the file for the bank, with whole account numbers."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir) as ledger:
        body = answered(ledger.get(f"/v1/transfer-files/{file_id}/content")).content
        with to.open("xb") as out:
            out.write(body)
        _console.print(plain(f"{len(body)} bytes are in {to}"))


@transfer_files.command()
def send(
    file_id: FileId, *, reason: Why, who: Who = None, state_dir: StateDir = DEFAULT_STATE_DIR
) -> None:
    """Say that the bank has the file, and by what reference."""
    _mark(file_id, "send", reason=reason, who=who, state_dir=state_dir)


@transfer_files.command()
def cancel(
    file_id: FileId, *, reason: Why, who: Who = None, state_dir: StateDir = DEFAULT_STATE_DIR
) -> None:
    """Say that the bank never had the file: its refunds may go into another one."""
    _mark(file_id, "cancel", reason=reason, who=who, state_dir=state_dir)


@transfer_files.command("import")
def import_(
    bank: Bank,
    file: Annotated[Path, typer.Argument(help="pain.002, or text by the bank's profile.")],
    *,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Take a bank's answer, all of it or nothing. It moves no money."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        body = {
            "bank": bank,
            "name": file.name[:200],
            "content_base64": base64.b64encode(file.read_bytes()).decode(),
        }
        kept = keyed(ledger, "/v1/transfer-results", body, key)
        known = ", which was known" if kept["repeated"] else ""
        _console.print(plain(f"answer {kept['id']}{known}: it tells of {kept['answers']} lines"))


@transfer_files.command()
def answers(
    *,
    open_: Annotated[
        bool, typer.Option("--open", help="Only those that a person has to look at.")
    ] = False,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """What banks said of lines, newest first, and what became of that."""
    query = {"open": "true"} if open_ else {}
    table = Table("id", "bank", "says", "code", "refund", "state", "open", "why", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        for each in items_of(ledger, "/v1/transfer-answers", query):
            shown = (
                each["id"], each["bank"], each["kind"], each["code"],
                each["refund_id"] or each["named"], each["state"], "yes" if each["open"] else "",
                each["reason"],
            )  # fmt: skip
            table.add_row(*map(plain, shown))
    _console.print(table if table.row_count else "no bank has answered so")


@transfer_files.command()
def close(
    answer_id: Annotated[
        UUID, typer.Argument(help="As `prewatt transfer-files answers` shows it.")
    ],
    *,
    not_paid: Annotated[
        bool,
        typer.Option(
            "--not-paid", help="By it the bank does not pay the refund, which a file has still."
        ),
    ] = False,
    reason: Why,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Say that you have dealt with an answer. What is not paid, and much, waits for a second
    person."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        path = f"/v1/transfer-answers/{answer_id}/close"
        answer = answered(ledger.post(path, json={"reason": reason, "not_paid": not_paid}))
        after: dict[str, Any] = answer.json() if answer.content else {}
        _console.print(plain(or_waits(after, lambda: f"transfer answer {answer_id} is closed")))


def _mark(file_id: UUID, action: str, *, reason: str, who: str | None, state_dir: Path) -> None:
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        path = f"/v1/transfer-files/{file_id}/{action}"
        _console.print(plain(_is_now(answered(ledger.post(path, json={"reason": reason})).json())))


def _is_now(after: dict[str, Any]) -> str:
    total = f"{decimal_from(after['sum_micro'])} {after['currency']}"
    return f"transfer file {after['id']} of {total} by {after['bank']} is {after['state']}"
