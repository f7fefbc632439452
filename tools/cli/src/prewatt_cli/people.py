"""What a person decides carries who and why; what others wrote is shown as it is."""

import getpass
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from prewatt_cli.errors import answered
from prewatt_cli.target import SERVICES, NoTarget, find_target

Who = Annotated[str | None, typer.Option("--who", help="Who decides this; your login name.")]


def client_for(
    service: str, *, state_dir: Path, who: str | None = None, also: Sequence[str] = ()
) -> httpx.Client:
    """A client of ``service`` in the name of ``who``, who may do what ``also`` says besides reading
    and writing. Raises `NoTarget`, also for a service that is
    none."""
    if service not in SERVICES:
        message = f"{service} is none of {', '.join(SERVICES)}"
        raise NoTarget(message)
    target = find_target(state_dir=state_dir)
    return target.client(service, subject=who or getpass.getuser(), also=also)


def account_of(ledger: httpx.Client, number: str) -> dict[str, Any]:
    """The account of that number, as the ledger shows it. Raises ValueError with what it says where
    there is none."""
    return answered(ledger.get("/v1/accounts", params={"number": number})).json()


def plain(text: str) -> str:
    """Whatever others gave, shown as it is: no markup, no control characters."""
    shown = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
    return shown.replace("[", r"\[")
