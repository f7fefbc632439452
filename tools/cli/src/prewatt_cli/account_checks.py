"""``prewatt account-checks``: a vendor's day as it has it, against ours."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import one_line_errors
from prewatt_cli.lists import items_of
from prewatt_cli.payments import decimal_from
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target
from prewatt_cli.vending import Code, Key, Why, keyed, till

account_checks = typer.Typer(help="Days of vendors, compared with ours.", no_args_is_help=True)

_console = Console()


@account_checks.command()
def post(
    code: Code,
    day: Annotated[str, typer.Argument(help="The business day, as 2026-03-01; it is over.")],
    file: Annotated[Path, typer.Argument(help="CSV: key, account_number, amount_micro.")],
    *,
    supervise: Annotated[
        bool, typer.Option("--supervise", help="As a supervisor: any vendor's.")
    ] = False,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Tell a day whole, as the vendor has it."""
    rights = ["supervise-vends"] if supervise else []
    with one_line_errors(), till(*rights, state_dir=state_dir, who=who) as ledger:
        check = keyed(ledger, f"/v1/account-checks/{code}/{day}", file.read_bytes(), key)
        differ = f"{check['matched_lines']} match, {check['open_lines']} to resolve"
        _console.print(plain(f"{check['id']}: {code} on {day}: {differ}"))


@account_checks.command("list")
def list_(
    *,
    vendor: Annotated[str | None, typer.Option(help="Of that vendor alone.")] = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Days that were told, newest first."""
    table = Table("id", "vendor", "day", "theirs", "ours", "to resolve", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        for each in items_of(ledger, "/v1/account-checks", {"vendor": vendor} if vendor else {}):
            table.add_row(
                each["id"],
                each["vendor"],
                each["business_day"],
                f"{decimal_from(each['their_micro'])} {each['currency']}",
                decimal_from(each["our_micro"]),
                "done" if each["is_done"] else str(each["open_lines"]),
            )
    _console.print(table if table.row_count else "no day was told")


@account_checks.command()
def lines(
    check_id: Annotated[UUID, typer.Argument(help="As `prewatt account-checks list` has it.")],
    *,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """What differs of a day, and what came of it."""
    table = Table("id", "key", "difference", "theirs", "ours", "resolved", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        for each in items_of(ledger, f"/v1/account-checks/{check_id}/lines", {}):
            done = each["resolution"]
            table.add_row(
                each["id"],
                plain(each["key"]),
                each["difference"],
                "" if each["their_micro"] is None else decimal_from(each["their_micro"]),
                "" if each["our_micro"] is None else decimal_from(each["our_micro"]),
                plain(f"by {done['who']}: {done['reason']}") if done else "",
            )
    _console.print(table if table.row_count else "nothing differs")


@account_checks.command()
def resolve(
    line_id: Annotated[UUID, typer.Argument(help="As `prewatt account-checks lines` has it.")],
    *,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Say what came of a sale that differs: not by who told the day."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        path = f"/v1/account-checks/lines/{line_id}/resolve"
        line = keyed(ledger, path, {"reason": reason}, key)
        _console.print(plain(f"sale {line['key']} is resolved"))
