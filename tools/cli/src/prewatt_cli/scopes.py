"""Whose cuts: of all accounts, or of one tariff or area."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer

Tariff = Annotated[str | None, typer.Option(help="Of accounts with this tariff only.")]
SupplyOffice = Annotated[str | None, typer.Option(help="Of this one only.")]
StationArea = Annotated[str | None, typer.Option(help="Of this one only.")]
Line = Annotated[str | None, typer.Option(help="Of this one only.")]


def one_of(**named: str | None) -> tuple[str, str] | None:
    """What is given, and its name; none where nothing is. Raises ValueError for more than one."""
    given = [(scope, name) for scope, name in named.items() if name is not None]
    if len(given) > 1:
        options = " ".join(f"--{scope.replace('_', '-')}" for scope, _ in given)
        message = f"give one of {options}: ask for each by itself"
        raise ValueError(message)
    return given[0] if given else None


def scope_of(**named: str | None) -> dict[str, Any]:
    """As the API takes it. Raises ValueError for more than one."""
    given = one_of(**named)
    return {"scope": "all"} if given is None else {"scope": given[0], "name": given[1]}


def shown(found: Mapping[str, Any]) -> str:
    """Of something that the API tells of."""
    if found["name"] is None:
        return "all accounts"
    return f"{found['scope'].replace('_', ' ')} {found['name']}"


def local(at: datetime | None) -> str | None:
    """A time that was given by this machine's clock, as the API takes it."""
    return None if at is None else at.astimezone().isoformat()
