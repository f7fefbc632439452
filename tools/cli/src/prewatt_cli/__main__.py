"""``prewatt``: one command line for people."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.account_checks import account_checks
from prewatt_cli.archive import PASSED_ON, archive
from prewatt_cli.audit import audit
from prewatt_cli.bank import bank
from prewatt_cli.campaigns import campaigns
from prewatt_cli.cashiers import cashier
from prewatt_cli.conditions import conditions
from prewatt_cli.contacts import contacts
from prewatt_cli.credit import credit
from prewatt_cli.cuts import cuts
from prewatt_cli.debit_files import debit_files
from prewatt_cli.debts import debts
from prewatt_cli.deposits import deposits
from prewatt_cli.dlq import dlq
from prewatt_cli.doors import doors
from prewatt_cli.dues import dues
from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.explain import explain
from prewatt_cli.forecast import forecast
from prewatt_cli.hardship import hardship
from prewatt_cli.imports import import_csv
from prewatt_cli.keys import keys
from prewatt_cli.mandates import mandates
from prewatt_cli.mode_changes import mode_changes
from prewatt_cli.mqtt_user import make_mqtt_user
from prewatt_cli.notices import notices
from prewatt_cli.offsets import offsets
from prewatt_cli.parked import parked
from prewatt_cli.payments import decimal_from, micro_from, pay
from prewatt_cli.payouts import payouts
from prewatt_cli.policy import policy
from prewatt_cli.procedures import procedure
from prewatt_cli.proposals import adjust, proposals, transfer
from prewatt_cli.protect import protect, protections, unprotect
from prewatt_cli.protected_periods import protected_periods
from prewatt_cli.receipts import receipts
from prewatt_cli.refunds import refunds
from prewatt_cli.replay import replay
from prewatt_cli.scenario.command import scenario
from prewatt_cli.settlements import settlements
from prewatt_cli.suspense import suspense
from prewatt_cli.target import (
    DEFAULT_STATE_DIR,
    SERVICES,
    NoTarget,
    StateDir,
    Target,
    find_target,
)
from prewatt_cli.tariffs import tariff
from prewatt_cli.templates import templates
from prewatt_cli.transfer_files import transfer_files
from prewatt_cli.vending import vend, vendors
from prewatt_cli.webhooks import webhooks
from prewatt_cli.whatif import whatif
from prewatt_cli.work_orders import work_orders

app = typer.Typer(
    help="Prewatt: prepaid electricity.", no_args_is_help=True, pretty_exceptions_enable=False
)
meters = typer.Typer(help="Meters known to the gateway.", no_args_is_help=True)
accounts = typer.Typer(help="Accounts of the ledger.", no_args_is_help=True)
app.add_typer(meters, name="meters")
app.add_typer(accounts, name="accounts")
app.add_typer(tariff, name="tariff")
app.add_typer(policy, name="policy")
app.add_typer(procedure, name="procedure")
app.command()(scenario)
app.command()(audit)
app.command()(explain)
app.command()(forecast)
app.command()(replay)
app.command()(whatif)
app.command()(protect)
app.command()(protections)
app.command()(unprotect)
app.command(context_settings=PASSED_ON)(archive)
app.add_typer(suspense, name="suspense")
app.add_typer(receipts, name="receipts")
app.add_typer(dlq, name="dlq")
app.add_typer(parked, name="parked")
app.add_typer(bank, name="bank")
app.add_typer(mandates, name="mandates")
app.add_typer(payouts, name="payouts")
app.add_typer(debit_files, name="debit-files")
app.add_typer(transfer_files, name="transfer-files")
app.add_typer(deposits, name="deposits")
app.add_typer(refunds, name="refunds")
app.add_typer(mode_changes, name="mode-changes")
app.add_typer(settlements, name="settlements")
app.add_typer(proposals, name="proposals")
app.command()(adjust)
app.command()(transfer)
app.add_typer(vendors, name="vendors")
app.add_typer(vend, name="vend")
app.add_typer(cashier, name="cashier")
app.add_typer(account_checks, name="account-checks")
app.add_typer(work_orders, name="work-orders")
app.add_typer(cuts, name="cuts")
app.add_typer(protected_periods, name="protected-periods")
app.add_typer(keys, name="keys")
app.add_typer(conditions, name="conditions")
app.add_typer(debts, name="debts")
app.add_typer(dues, name="dues")
app.add_typer(hardship, name="hardship")
app.add_typer(offsets, name="offsets")
app.add_typer(templates, name="templates")
app.add_typer(campaigns, name="campaigns")
app.add_typer(notices, name="notices")
app.add_typer(contacts, name="contacts")
app.add_typer(doors, name="doors")
app.add_typer(webhooks, name="webhooks")
app.add_typer(credit, name="credit")


class DefaultAgreement(StrEnum):
    """What accounts get whose line tells of no prepay agreement."""

    DIRECT = "direct"


console = Console()
_READINESS = ("/readyz", "/readyz/consume")
CsvFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]


@app.command()
def token(
    scopes: Annotated[
        list[str], typer.Argument(help="Like ledger:read; `all` for every service's.")
    ],
    *,
    hours: Annotated[int, typer.Option(min=1, max=24 * 365)] = 12,
    subject: str = "developer",
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Print a development token with the given scopes."""
    if scopes == ["all"]:
        names = ("gateway", "ledger", "notifier", "billing")
        scopes = [f"{name}:{right}" for name in names for right in ("read", "write")]
        scopes += ["ledger:site-codes", "billing:hardship", "billing:segments"]
    with one_line_errors():
        target = find_target(state_dir=state_dir)
        text = target.token(scopes=scopes, lifetime=timedelta(hours=hours), subject=subject)
        print(text)  # noqa: T201


@app.command()
def topup(
    account_number: str,
    amount: Annotated[str, typer.Argument(help="Like 12.50")],
    *,
    currency: str = "CNY",
    provider: str = "demo",
    payment_id: Annotated[str | None, typer.Option(help="Twice the same is paid once.")] = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Report a payment through the signed webhook, as a payment provider does."""
    with one_line_errors():
        target = find_target(state_dir=state_dir)
        response = pay(
            ledger_url=target.url("prepay-ledger"),
            provider=provider,
            secret=_secret(target, provider),
            account_number=account_number,
            amount_micro=micro_from(amount),
            currency=currency,
            payment_id=payment_id,
        )
        answer = answered(response).json()
        if answer["balance_micro"] is None:
            console.print(answer["detail"] or f"this payment was {answer['outcome']} before")
        else:
            again = " (known already, nothing changed)" if answer["repeated"] else ""
            console.print(f"balance {decimal_from(answer['balance_micro'])} {currency}{again}")


def _secret(target: Target, provider: str) -> str:
    try:
        return target.webhook_secrets[provider]
    except KeyError:
        message = f"no secret of provider {provider}: set PREWATT_PAYMENT_PROVIDERS"
        raise NoTarget(message) from None


@app.command()
def status(*, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Whether each service serves HTTP and consumes, and why not. Exit code 1 if any does not."""
    ready = True
    table = Table("service", "state", "checks", box=None)
    with one_line_errors():
        target = find_target(state_dir=state_dir)
        for service in SERVICES:
            state, checks = _readiness(target.url(service))
            ready = ready and state == "ready"
            table.add_row(service, state, checks)
    console.print(table)
    if not ready:
        raise typer.Exit(1)


def _readiness(url: str) -> tuple[str, str]:
    try:
        bodies = [httpx.get(url + path, timeout=5).json() for path in _READINESS]
    except (httpx.HTTPError, ValueError) as error:
        return "down", str(error)
    checks = [
        f"{name}: {check['detail']}" for body in bodies for name, check in body["checks"].items()
    ]
    states = [body["status"] for body in bodies if body["status"].startswith("not ")]
    return ", ".join(states) or "ready", ", ".join(checks)


@app.command()
def url(service: str, *, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Print the address of a service: meter-gateway, prepay-ledger, notifier or billing."""
    with one_line_errors():
        if service not in SERVICES:
            message = f"{service} is none of {', '.join(SERVICES)}"
            raise NoTarget(message)
        print(find_target(state_dir=state_dir).url(service))  # noqa: T201


@app.command("mqtt-user")
def mqtt_user(meter_id: str, *, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Make a meter's login at the local stack's broker and print it as an address.

    mosquitto_pub takes it as it is: mosquitto_pub -L ADDRESS/TOPIC. A meter that had a password
    gets a new one.
    """
    with one_line_errors():
        print(make_mqtt_user(meter_id=meter_id, state_dir=state_dir))  # noqa: T201


@meters.command("import")
def import_meters(file: CsvFile, *, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Register meters from a CSV file: meter_id,model,codec."""
    _import("meter-gateway", "/v1/devices/import", file, state_dir=state_dir)


@accounts.command("import")
def import_accounts(
    file: CsvFile,
    *,
    prepay_agreement: Annotated[
        DefaultAgreement | None,
        typer.Option(
            help="What lines get that tell of no prepay agreement: `direct` for demonstrations and "
            "tests. Without it they get none, and such accounts are not cut by themselves."
        ),
    ] = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Open accounts with their meters from a CSV file; the API's page lists the columns."""
    query = {"prepay_agreement": prepay_agreement.value} if prepay_agreement else {}
    _import("prepay-ledger", "/v1/accounts/import", file, state_dir=state_dir, query=query)


def _import(
    service: str,
    path: str,
    file: Path,
    *,
    state_dir: Path,
    query: Mapping[str, str] | None = None,
) -> None:
    with (
        one_line_errors(),
        file.open("rb") as lines,
        find_target(state_dir=state_dir).client(service) as client,
    ):
        console.print(dict(import_csv(client, path, lines, query=query)))


@app.command()
def demo(
    *,
    households: Annotated[int, typer.Option(min=10, max=5000)] = 200,
    seconds: Annotated[int, typer.Option(min=20, max=3600)] = 60,
) -> None:
    """Bring up the whole system with a fleet of simulated meters and watch it work.

    DEMO=keep leaves it running and prints the addresses.
    """
    from prewatt_cli.demo import run_demo

    raise typer.Exit(run_demo(households=households, seconds=seconds))


if __name__ == "__main__":
    app()
