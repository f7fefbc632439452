"""``prewatt settlements``: what payment providers settle, against what came from them."""

import base64
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.bank import document_of
from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.lists import items_of
from prewatt_cli.payments import decimal_from
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target
from prewatt_cli.vending import Key, Why, keyed, or_waits

settlements = typer.Typer(help="Settlement files and what differs by them.", no_args_is_help=True)

_console = Console()


class How(StrEnum):
    """How a difference is resolved."""

    TAKE = "take"
    CORRECT = "correct"
    ASK = "ask"
    ACCEPT = "accept"


@settlements.command("import")
def import_(
    provider: Annotated[str, typer.Argument(help="By its name in the settings.")],
    day: Annotated[str, typer.Argument(help="The provider's day, as 2026-03-01; it is over.")],
    file: Annotated[Path, typer.Argument(help="As the provider gave it; CSV with --mapping.")],
    *,
    mapping: Annotated[
        Path | None, typer.Option(help="Of CSV: which column says what, in YAML or JSON.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option(help="Why it takes the place of another file of that day.")
    ] = None,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Take the file of a day, all of it or nothing, and compare it with ours."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        body = {
            "business_day": day,
            "name": file.name[:200],
            "content_base64": base64.b64encode(file.read_bytes()).decode(),
            "mapping": document_of(mapping) if mapping else None,
            "reason": reason,
        }
        kept = keyed(ledger, f"/v1/settlements/{provider}", body, key)
        _console.print(plain(_compared(kept)))


@settlements.command("list")
def list_(
    *,
    provider: Annotated[str | None, typer.Option(help="Of that provider alone.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="What is resolved, too.")] = False,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """What differs and nobody has resolved, newest first."""
    query = {"provider": provider} if provider else {}
    if not all_:
        query["unresolved"] = "true"
    table = Table("id", "provider", "day", "differs", "what", "theirs", "ours", "state", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        for each in items_of(ledger, "/v1/settlements/differences", query):
            shown = (
                each["id"], each["provider"], each["business_day"], each["difference"],
                f"{each['kind']} {each['payment_id']}", _amount(each, "their"),
                _amount(each, "our"), each["outcome"] or each["state"],
            )  # fmt: skip
            table.add_row(*map(plain, shown))
    _console.print(table if table.row_count else "nothing differs")


@settlements.command()
def show(
    difference: Annotated[UUID, typer.Argument(help="As `prewatt settlements list` lists it.")],
    *,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """A difference, and what people did about it."""
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        found = answered(ledger.get(f"/v1/settlements/differences/{difference}")).json()
        _console.print(plain(_told(found)))
        for step in found["steps"]:
            said = f"{step['at']}: {step['who']}: {step['action']} ({step['reason']})"
            _console.print(plain(said))


@settlements.command()
def resolve(
    difference: Annotated[UUID, typer.Argument(help="As `prewatt settlements list` lists it.")],
    how: Annotated[
        How,
        typer.Argument(
            help="take: as if its webhook had come; correct: the account gets what was settled; "
            "ask: the provider was asked; accept: both sides stay as they are."
        ),
    ],
    *,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Say what comes of a difference."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        path = f"/v1/settlements/differences/{difference}/{how}"
        found = keyed(ledger, path, {"reason": reason}, key)
        _console.print(plain(or_waits(found, lambda: _told(found))))


@settlements.command()
def owed(*, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """What each provider owes us, what of it is on its way, and what it has kept as fees."""
    table = Table("provider", "currency", "owes", "on its way", "fees", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        for each in answered(ledger.get("/v1/settlements/owed")).json():
            amounts = each["owed_micro"], each["in_transit_micro"], each["fees_micro"]
            table.add_row(each["provider"], each["currency"], *map(decimal_from, amounts))
    _console.print(table if table.row_count else "no provider owes anything")


def _compared(kept: dict[str, Any]) -> str:
    found = ", ".join(f"{count} {name}" for name, count in sorted(kept["unresolved"].items()))
    known = ", the file was known" if kept["repeated"] else ""
    return (
        f"file {kept['id']}: {kept['provider']} on {kept['business_day']}, revision "
        f"{kept['revision']}: {kept['agreeing_lines']} of {kept['lines']} lines agree"
        f"{'; ' + found if found else ''}{known}"
    )


def _told(found: dict[str, Any]) -> str:
    reason = f" ({found['reason']})" if found["reason"] else ""
    return (
        f"{found['difference']}: {found['kind']} {found['payment_id']} of {found['provider']}, "
        f"theirs {_amount(found, 'their')}, ours {_amount(found, 'our')}, is "
        f"{found['outcome'] or found['state']}{reason}"
    )


def _amount(found: dict[str, Any], whose: str) -> str:
    micro = found[f"{whose}_micro"]
    return "none" if micro is None else f"{decimal_from(micro)} {found[f'{whose}_currency']}"
