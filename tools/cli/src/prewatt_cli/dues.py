"""``prewatt dues``: who pays afterwards and has not paid, what that costs, and what is waived."""

from typing import Annotated
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

dues = typer.Typer(help="What post-paid accounts have not paid.", no_args_is_help=True)

_console = Console()


@dues.command()
def arrears(*, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Post-paid accounts that owe: what of it is overdue, for how many days, and late charges."""
    columns = ("account", "owed", "overdue", "1-30", "31-60", "61-90", "over 90", "late charges")
    table = Table(*columns, box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        for each in items_of(ledger, "/v1/arrears", {}):
            amounts = (each["arrears_micro"], *each["aged"].values(), each["late_unpaid_micro"])
            owed = f"{decimal_from(each['unpaid_micro'])} {each['currency']}"
            table.add_row(plain(each["number"]), owed, *map(decimal_from, amounts))
    _console.print(table if table.row_count else "nobody owes")


@dues.command()
def show(account_number: str, *, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """What an account has to pay of each period, and by when, newest first."""
    table = Table("from", "until", "came to", "to be paid by", "not paid", "", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        account_id = account_of(ledger, account_number)["id"]
        found = answered(ledger.get(f"/v1/accounts/{account_id}/dues")).json()
        for each in found["periods"]:
            table.add_row(
                each["period_first"],
                each["period_end"],
                decimal_from(each["charged_micro"]),
                each["due_on"],
                decimal_from(each["unpaid_micro"]),
                "overdue" if each["is_overdue"] else "",
            )
        unpaid, late = map(decimal_from, (found["unpaid_micro"], found["late_unpaid_micro"]))
        said = f"{unpaid} {found['currency']} to pay, and {late} of late charges"
    _console.print(table)
    _console.print(plain(said))


@dues.command()
def steps(account_number: str, *, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Of which statements an account's customer was reminded, and when, newest first."""
    table = Table("statement", "days overdue", "open then", "told", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        account = {"account_id": account_of(ledger, account_number)["id"]}
        for each in items_of(ledger, "/v1/payment-reminders", account):
            amount = f"{decimal_from(each['open_micro'])} {each['currency']}"
            table.add_row(each["statement_id"], str(each["step_days"]), amount, each["at"])
    _console.print(table if table.row_count else "nobody was reminded")


@dues.command()
def late(account_number: str, *, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """What late days of an account's statements cost, each change of it, newest first."""
    columns = ("statement", "up to", "charged", "cost so far", "waived so far", "reckoned from")
    table = Table(*columns, box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        account = {"account_id": account_of(ledger, account_number)["id"]}
        for each in items_of(ledger, "/v1/late-charges", account):
            spans = [
                f"{one['first']} to {one['last']}: {one['rate_ppm'] / 10_000:g} % of "
                f"{decimal_from(one['open_micro'])}"
                for one in each["spans"]
            ]
            table.add_row(
                each["statement_id"],
                each["through"],
                f"{decimal_from(each['amount_micro'])} {each['currency']}",
                decimal_from(each["accrued_micro"]),
                decimal_from(each["waived_micro"]),
                "; ".join(spans),
            )
    _console.print(table if table.row_count else "no late day has cost anything")


@dues.command()
def waive(
    statement_id: Annotated[UUID, typer.Argument(help="As `prewatt dues late` shows it.")],
    amount: str,
    *,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Give up late charges of a statement. Much waits for a second person."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        body = {
            "statement_id": str(statement_id),
            "amount_micro": micro_from(amount),
            "reason": reason,
        }
        after = keyed(ledger, "/v1/late-charge-waivers", body, key)
        done = f"{amount} of late charges of statement {statement_id} are waived"
        _console.print(plain(or_waits(after, lambda: done)))
