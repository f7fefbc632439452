"""``prewatt mandates``: automatic top-up, what customers agreed to and what was asked for."""

from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.lists import items_of
from prewatt_cli.payments import decimal_from, micro_from
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target
from prewatt_cli.vending import Key, keyed

mandates = typer.Typer(help="Automatic top-up: mandates and requests.", no_args_is_help=True)

_console = Console()

MandateId = Annotated[UUID, typer.Argument(help="As `prewatt mandates list` has it.")]
Why = Annotated[str, typer.Option("--reason", help="Why; kept with it.")]
Instalments = Annotated[
    str | None, typer.Option(help="Instalments of debts are collected too, each up to so much.")
]
Statements = Annotated[
    str | None, typer.Option(help="Of a post-paid account statements are, each up to so much.")
]
ConsentBy = Annotated[str | None, typer.Option(help="Who agreed to it.")]
Consent = Annotated[
    str | None, typer.Option(help="By what paper or session; each consent has its own.")
]
ConsentAt = Annotated[str | None, typer.Option(help="When, as in 2026-11-29T08:00:00Z.")]


@mandates.command("open")
def open_(
    account_id: Annotated[UUID, typer.Argument(help="Whose.")],
    *,
    provider: Annotated[str, typer.Option(help="Who is asked for money.")],
    reference: Annotated[str, typer.Option(help="The provider's token; no number of a card.")],
    threshold: Annotated[str, typer.Option(help="At this balance or below, as in 20.00.")],
    amount: Annotated[str, typer.Option(help="So much is asked for.")],
    month_amount: Annotated[str, typer.Option(help="At most so much in a calendar month.")],
    month_times: Annotated[int, typer.Option(help="At most so often in a calendar month.")],
    from_: Annotated[str, typer.Option("--from", help="The first day.")],
    until: Annotated[str | None, typer.Option(help="The day after the last.")] = None,
    instalments: Instalments = None,
    statements: Statements = None,
    consent_by: Annotated[str, typer.Option(help="Who agreed to it.")],
    consent: Annotated[str, typer.Option(help="By what paper or session.")],
    consent_at: Annotated[str, typer.Option(help="When, as in 2026-11-29T08:00:00Z.")],
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Take down what a customer has agreed to. The balance is looked at at once."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        body = {
            "account_id": str(account_id),
            "provider": provider,
            "reference": reference,
            "terms": {
                "threshold_micro": _signed(threshold),
                "amount_micro": micro_from(amount),
                "month_micro_max": micro_from(month_amount),
                "month_requests_max": month_times,
                "valid_from": from_,
                "valid_until": until,
                "instalment_micro_max": micro_from(instalments) if instalments else None,
                "statement_micro_max": micro_from(statements) if statements else None,
            },
            "consent": {"by": consent_by, "reference": consent, "at": consent_at},
            "reason": reason,
        }
        made = keyed(ledger, "/v1/mandates", body, key)
        _console.print(plain(f"mandate {made['id']} is {made['state']}"))


@mandates.command("list")
def list_(
    *,
    account: Annotated[UUID | None, typer.Option(help="Only those of this account.")] = None,
    state: Annotated[str | None, typer.Option(help="Only active, suspended or ended.")] = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Mandates, newest first; `waits`: why nothing is asked for though the balance is low."""
    query = _query(account_id=account, state=state)
    table = Table("id", "account", "provider", "at", "amount", "state", "waits", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        for each in items_of(ledger, "/v1/mandates", query):
            terms = each["terms"]
            money = decimal_from(terms["threshold_micro"]), decimal_from(terms["amount_micro"])
            shown = each["id"], each["account_id"], each["provider"], *money, each["state"]
            table.add_row(*map(plain, shown), plain(each["waits"] or each["state_reason"]))
    _console.print(table if table.row_count else "there is no such mandate")


@mandates.command()
def show(mandate_id: MandateId, *, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """A mandate, and what was done with it."""
    table = Table("at", "what", "amount", "a month", "consent", "by", "why", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        one = answered(ledger.get(f"/v1/mandates/{mandate_id}")).json()
        for each in items_of(ledger, f"/v1/mandates/{mandate_id}/steps", {}):
            most = f"{decimal_from(each['month_micro_max'])}, {each['month_requests_max']} times"
            shown = each["at"], each["action"], decimal_from(each["amount_micro"]), most
            consent = f"{each['consent_reference']} ({each['consent_by']})"
            table.add_row(*map(plain, (*shown, consent, each["who"], each["reason"])))
    why = f", {one['state_reason']}" if one["state_reason"] else ""
    waits = f"; waits: {one['waits']}" if one["waits"] else ""
    _console.print(plain(f"{one['provider']} {one['reference']}: {one['state']}{why}{waits}"))
    _console.print(table)


@mandates.command()
def change(
    mandate_id: MandateId,
    *,
    reference: Annotated[str | None, typer.Option(help="The provider's token.")] = None,
    threshold: Annotated[str | None, typer.Option(help="At this balance or below.")] = None,
    amount: Annotated[str | None, typer.Option(help="So much is asked for.")] = None,
    month_amount: Annotated[str | None, typer.Option(help="At most so much a month.")] = None,
    month_times: Annotated[int | None, typer.Option(help="At most so often a month.")] = None,
    until: Annotated[str | None, typer.Option(help="The day after the last.")] = None,
    instalments: Instalments = None,
    statements: Statements = None,
    consent_by: ConsentBy = None,
    consent: Consent = None,
    consent_at: ConsentAt = None,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Other terms; what is left out stays. More than before needs new consent, by which one that is
    suspended is active again."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        given = (consent_by, consent, consent_at)
        if any(given) and not all(given):
            message = "consent is all of --consent-by, --consent and --consent-at"
            raise ValueError(message)
        now = answered(ledger.get(f"/v1/mandates/{mandate_id}")).json()
        changed = {
            "threshold_micro": _signed(threshold) if threshold else None,
            "amount_micro": micro_from(amount) if amount else None,
            "month_micro_max": micro_from(month_amount) if month_amount else None,
            "month_requests_max": month_times,
            "valid_until": until,
            "instalment_micro_max": micro_from(instalments) if instalments else None,
            "statement_micro_max": micro_from(statements) if statements else None,
        }
        terms = now["terms"] | {name: to for name, to in changed.items() if to is not None}
        body = {
            "reference": reference or now["reference"],
            "terms": terms,
            "consent": dict(zip(("by", "reference", "at"), given, strict=True))
            if consent
            else None,
            "reason": reason,
        }
        after = keyed(ledger, f"/v1/mandates/{mandate_id}", body, key, method="PUT")
        _console.print(plain(f"mandate {mandate_id} is {after['state']}"))


@mandates.command()
def end(
    mandate_id: MandateId, *, reason: Why, who: Who = None, state_dir: StateDir = DEFAULT_STATE_DIR
) -> None:
    """Nothing more is asked for, from now on."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        answered(ledger.post(f"/v1/mandates/{mandate_id}/end", json={"reason": reason}))
        _console.print(plain(f"mandate {mandate_id} is ended"))


@mandates.command()
def requests(
    *,
    account: Annotated[UUID | None, typer.Option(help="Only those of this account.")] = None,
    state: Annotated[str | None, typer.Option(help="As unanswered: a person has to look.")] = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """What was asked for, newest first, and what became of it."""
    query = _query(account_id=account, state=state)
    table = Table("id", "account", "asked", "amount", "state", "why", "payment", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        for each in items_of(ledger, "/v1/top-up-requests", query):
            amount = f"{decimal_from(each['amount_micro'])} {each['currency']}"
            shown = each["id"], each["account_id"], each["requested_at"], amount, each["state"]
            table.add_row(*map(plain, (*shown, each["code"], each["payment_id"])))
    _console.print(table if table.row_count else "there is no such request")


@mandates.command()
def close(
    request_id: Annotated[UUID, typer.Argument(help="As `prewatt mandates requests` has it.")],
    *,
    reason: Why,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """No money comes of a request that nobody answered: the provider was asked by a person."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        path = f"/v1/top-up-requests/{request_id}/close"
        after: dict[str, Any] = answered(ledger.post(path, json={"reason": reason})).json()
        _console.print(plain(f"request {request_id} is {after['state']}"))


def _signed(amount: str) -> int:
    """A threshold may be nothing, or below."""
    if amount.startswith("-"):
        return -micro_from(amount[1:])
    return 0 if amount == "0" else micro_from(amount)


def _query(**asked: object) -> dict[str, str]:
    return {name: str(value) for name, value in asked.items() if value is not None}
