"""The command: one answer a file, or what differs from what the file expects."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from prewatt_cli.errors import one_line_errors
from prewatt_cli.scenario.form import parse_scenario
from prewatt_cli.scenario.run import run_scenario

Files = Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, readable=True)]


def scenario(files: Files) -> None:
    """What a ledger owes and is owed in a case, by the pure libraries alone.

    Prints one JSON object a file. Where the file says what is expected and that differs, prints
    each difference instead; exit code 1.
    """
    differs = False
    for path in files:
        with one_line_errors():
            try:
                case = parse_scenario(path.read_bytes())
                answer = run_scenario(case)
            except ValueError as error:
                message = f"{path}: {error}"
                raise ValueError(message) from error
        found = [] if case.expected is None else list(differences(answer, case.expected))
        differs = differs or bool(found)
        for place, ours, theirs in found:
            print(f"{path}: {place}: {ours}, expected {theirs}")  # noqa: T201
        if not found:
            print(json.dumps(answer, indent=1))  # noqa: T201
    if differs:
        raise typer.Exit(1)


def differences(ours: Any, theirs: Any, place: str = "") -> Iterator[tuple[str, str, str]]:
    """(place, ours, theirs) of every leaf in which two answers differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            yield from differences(ours.get(key), theirs.get(key), f"{place}/{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for number, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(mine, other, f"{place}/{number}")
    elif ours != theirs:
        yield place or "/", json.dumps(ours), json.dumps(theirs)
