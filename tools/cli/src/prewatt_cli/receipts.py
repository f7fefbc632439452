"""``prewatt receipts``: receipts of payments, fetched and checked; checking needs no network."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.payments import decimal_from
from prewatt_cli.people import plain
from prewatt_cli.receipt_rules import Checked, DoesNotHold, check_receipt
from prewatt_cli.suspense import payment_named
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target

receipts = typer.Typer(
    help="Receipts of payments: signed, and proven once their day is closed.", no_args_is_help=True
)

_console = Console()
Head = Annotated[
    str | None,
    typer.Option(
        help="The head that was published for the day; without it the receipt's own is shown."
    ),
]


@receipts.command()
def get(
    payment_id: Annotated[str, typer.Argument(help="As the provider has it.")],
    *,
    provider: Annotated[
        str | None, typer.Option(help="Where two providers have a payment of that id.")
    ] = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Print the receipt of a payment, as a file to keep and to give away."""
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        payment = payment_named(ledger, payment_id, provider)
        _print(answered(ledger.get(f"/v1/payments/{payment['id']}/receipt")).json())


@receipts.command()
def keys(*, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Print the public keys that receipts are checked with, as a JWK set."""
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        _print(answered(ledger.get("/v1/receipt-keys")).json())


@receipts.command()
def verify(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    *,
    keys_file: Annotated[Path, typer.Option("--keys", exists=True, dir_okay=False)],
    head: Head = None,
) -> None:
    """Check a receipt, without any network. Exit code 1 where it does not hold."""
    with one_line_errors():
        try:
            checked = check_receipt(_read(file), _read(keys_file), head=head)
        except DoesNotHold as error:
            _console.print(plain(f"does not hold: {error}"))
            raise typer.Exit(1) from error
        for line in _shown(checked, compared=head is not None):
            _console.print(plain(line))


def _shown(checked: Checked, *, compared: bool) -> list[str]:
    row = checked.row
    amount = f"{decimal_from(int(row['amount_micro']))} {row['currency']}"
    lines = [f"holds: signed with key {checked.key_id}"]
    lines.append(f"{amount} of {row['received_at']} by {row['provider']}, {row['payment_id']}")
    to = checked.account_number
    lines.append("the money is on no account" if to is None else f"the money went to account {to}")
    lines += _parts(checked.topup, row["currency"])
    if checked.taken_back_micro:
        back = decimal_from(checked.taken_back_micro)
        lines.append(f"{back} {row['currency']} of it were taken back by the provider")
    if checked.head is None:
        lines.append(f"not proven yet: {checked.day} was not closed when the receipt was made")
    elif compared:
        lines.append(f"proven: it is in the closed {checked.day} whose head was published")
    else:
        lines.append(f"it is in {checked.day}, closed under head {checked.head}; compare that with")
        lines.append("the one that was published (--head)")
    return lines


def _parts(topup: dict[str, Any] | None, currency: str) -> list[str]:
    """Where it went, which was checked to add up."""
    if topup is None:
        return []

    def money(name: str) -> str:
        return f"{decimal_from(int(topup[name]))} {currency}"

    debts = json.loads(topup["paid_off"])
    lines = [f"{money('repaid_micro')} of it repaid emergency credit"]
    lines += [
        f"{decimal_from(micro)} {currency} of it went to debt {debt_id}"
        for debt_id, micro in debts.items()
    ]
    lines.append(f"{money('added_micro')} of it went to the balance, then {money('balance_micro')}")
    lines.append(f"{money('left_micro')} could be used from there until the cut")
    return lines


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        message = f"{file}: {error}"
        raise ValueError(message) from error
    if not isinstance(found, dict):
        message = f"{file}: this is no JSON object"
        raise ValueError(message)
    return found  # pyright: ignore[reportUnknownVariableType]


def _print(document: Any) -> None:
    print(json.dumps(document, indent=2, ensure_ascii=False))  # noqa: T201
