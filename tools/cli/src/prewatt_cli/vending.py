"""``prewatt vendors`` and ``prewatt vend``: points of sale, and what is sold there."""

import getpass
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import httpx
import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.lists import items_of
from prewatt_cli.payments import decimal_from, micro_from
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target
from prewatt_common.ids import new_id

vendors = typer.Typer(help="Points of sale: limits, people, floats.", no_args_is_help=True)
vend = typer.Typer(help="Sell at a point of sale.", no_args_is_help=True)

_console = Console()

Code = Annotated[str, typer.Argument(help="The vendor's code.")]
Why = Annotated[str, typer.Option("--reason", help="Why; kept with it.")]
Key = Annotated[
    str | None,
    typer.Option(help="The Idempotency-Key: give the same to try again; a new one if left out."),
]


class Kind(StrEnum):
    """What sort of point of sale."""

    AGENCY = "agency"
    SHOP = "shop"
    ATM = "atm"
    CASHIER = "cashier"


class Means(StrEnum):
    """How money came."""

    BANK = "bank"
    CASH = "cash"


class Tender(StrEnum):
    """What the customer paid with."""

    CASH = "cash"
    CARD = "card"
    TRANSFER = "transfer"
    CHEQUE = "cheque"


@vendors.command("list")
def list_(*, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Points of sale by code: what each has left to sell (below zero: owes), and sold last."""
    table = Table("code", "name", "kind", "balance", "sold", "on", "open", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        for each in items_of(ledger, "/v1/vendors", {}):
            table.add_row(
                plain(each["code"]),
                plain(each["name"]),
                each["kind"],
                _money(each, "balance_micro"),
                _money(each, "sold_micro"),
                each["sold_on"] or "",
                "yes" if each["is_open"] else "no",
            )
    _console.print(table if table.row_count else "there is no vendor")


@vendors.command("open")
def open_(
    code: Code,
    *,
    name: Annotated[str, typer.Option(help="As receipts say it.")],
    kind: Annotated[Kind, typer.Option(help="What sort.")] = Kind.SHOP,
    currency: Annotated[str, typer.Option(help="What it sells in.")] = "CNY",
    day_limit: Annotated[str, typer.Option(help="What it may sell a business day.")],
    credit_limit: Annotated[str, typer.Option(help="What it may owe; 0: it pays before.")] = "0",
    reason: Why,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Open a point of sale."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        body = {
            "code": code,
            "name": name,
            "kind": kind,
            "currency": currency,
            "day_limit_micro": micro_from(day_limit),
            "credit_limit_micro": micro_from(credit_limit) if credit_limit != "0" else 0,
            "reason": reason,
        }
        answered(ledger.post("/v1/vendors", json=body))
        _console.print(plain(f"vendor {code} is open"))


@vendors.command()
def staff(
    code: Code,
    subject: Annotated[str, typer.Argument(help="The person or machine, as its token says.")],
    *,
    end: Annotated[bool, typer.Option("--end", help="No longer.")] = False,
    reason: Why,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Let a person or machine sell for a vendor, or no longer."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        path = f"/v1/vendors/{code}/sellers"
        if end:
            answered(ledger.post(f"{path}/{subject}/end", json={"reason": reason}))
        else:
            answered(ledger.post(path, json={"subject": subject, "reason": reason}))
        sells = "sells no longer" if end else "sells"
        _console.print(plain(f"{subject} {sells} for {code}"))


@vendors.command()
def fund(
    code: Code,
    amount: str,
    *,
    means: Annotated[Means, typer.Option(help="How it came.")] = Means.BANK,
    reference: Annotated[str, typer.Option(help="Of the transfer or slip.")],
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Say that a vendor's money has reached the utility."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        body = {"amount_micro": micro_from(amount), "means": means, "reference": reference}
        after = keyed(ledger, f"/v1/vendors/{code}/fundings", body, key)
        _console.print(plain(or_waits(after, lambda: f"{amount} of {code} came by {means}")))


@vendors.command()
def fundings(code: Code, *, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """What a vendor paid in, newest first, and what of it was reversed."""
    table = Table("id", "amount", "means", "reference", "told by", "at", "reversed", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        for each in items_of(ledger, f"/v1/vendors/{code}/fundings", {}):
            reversal = each["reversal"]
            said = f"by {reversal['who']}: {reversal['reason']}" if reversal else ""
            table.add_row(
                each["id"],
                decimal_from(each["amount_micro"]),
                each["means"],
                plain(each["reference"]),
                plain(each["who"]),
                each["at"],
                plain(said),
            )
    _console.print(table if table.row_count else "nothing was paid in")


@vendors.command("reverse-funding")
def reverse_funding(
    code: Code,
    funding_id: Annotated[UUID, typer.Argument(help="As `prewatt vendors fundings` lists it.")],
    *,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Take a funding off again (a cheque that bounced): not by who told of it."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        path = f"/v1/vendors/{code}/fundings/{funding_id}/reverse"
        funding = keyed(ledger, path, {"reason": reason}, key)
        amount = decimal_from(funding["amount_micro"])
        _console.print(
            plain(
                or_waits(
                    funding, lambda: f"{amount} of {code}, {funding['reference']}, is reversed"
                )
            )
        )


@vend.command()
def sell(
    account_number: str,
    amount: str,
    *,
    tender: Annotated[Tender, typer.Option(help="What the customer paid with.")] = Tender.CASH,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Take money for an account, for the vendor that you sell for."""
    with one_line_errors(), till(state_dir=state_dir, who=who) as ledger:
        body = {
            "account_number": account_number,
            "amount_micro": micro_from(amount),
            "tender": tender,
        }
        _console.print(plain(_receipt(keyed(ledger, "/v1/vends", body, key))))


@vend.command()
def void(
    vend_id: Annotated[str, typer.Argument(help="As the receipt says it.")],
    *,
    reason: Why,
    supervise: Annotated[
        bool, typer.Option("--supervise", help="As a supervisor: any vendor's.")
    ] = False,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Take a sale back, within its business day."""
    rights = ["supervise-vends"] if supervise else []
    with one_line_errors(), till(*rights, state_dir=state_dir, who=who) as ledger:
        sale = keyed(ledger, f"/v1/vends/{vend_id}/void", {"reason": reason}, key)
        _console.print(plain(_receipt(sale)))


def till(*rights: str, state_dir: Any, who: str | None) -> httpx.Client:
    """A client that sells, and may do nothing else but what ``rights`` add."""
    target = find_target(state_dir=state_dir)
    return target.client("prepay-ledger", subject=who or getpass.getuser(), only=["vend", *rights])


def or_waits(after: dict[str, Any], done: Callable[[], str]) -> str:
    """What ``done`` says, or that the act waits for a second person, or did."""
    if "proposed" not in after:
        return done()
    if after["state"] != "waiting":
        return f"it was proposed before and is {after['state']}: proposal {after['id']}"
    return (
        f"nothing is done yet: until {after['expires_at']} a second person may do "
        f"`prewatt proposals approve {after['id']}`"
    )


def keyed(
    ledger: httpx.Client,
    path: str,
    body: dict[str, Any] | bytes,
    key: str | None,
    *,
    method: str = "POST",
) -> dict[str, Any]:
    """Asks under a key; one that was made here is told where there is no answer. Bytes are CSV."""
    made = key or str(new_id())
    headers = {"idempotency-key": made}
    try:
        if isinstance(body, bytes):
            headers |= {"content-type": "text/csv"}
            answer = ledger.request(method, path, content=body, headers=headers)
        else:
            answer = ledger.request(method, path, json=body, headers=headers)
    except httpx.HTTPError as error:
        message = f"no answer: {error}; it may have been done: repeat it with --key {made}"
        raise ValueError(message) from error
    return answered(answer).json()


def _receipt(sale: dict[str, Any]) -> str:
    void = sale["void"]
    if void:
        return f"{sale['id']}: VOID by {void['who']}: {void['reason']}"
    went = sale["went_to"]
    parts = [f"{_money(sale, 'amount_micro')} for account {sale['account_number']}"]
    if went["debts_micro"]:
        parts.append(f"{decimal_from(went['debts_micro'])} paid debts")
    if went["made_good_micro"]:
        parts.append(f"{decimal_from(went['made_good_micro'])} repaid what was used below zero")
    parts.append(f"balance {decimal_from(sale['balance_micro'])}")
    return f"{sale['id']}: {', '.join(parts)}"


def _money(of: dict[str, Any], name: str) -> str:
    return f"{decimal_from(of[name])} {of['currency']}"
