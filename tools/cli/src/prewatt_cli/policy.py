"""``prewatt policy``: check, draft, publish and compare supply policies."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.scopes import local
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target
from prewatt_common.contracts.supply_policy_v1 import (
    DEFAULT_CLASS,
    InvalidPolicy,
    SupplyPolicy,
    policy_of,
)
from prewatt_metering.tariffs.yaml_text import NotYaml, read_yaml

policy = typer.Typer(help="Supply policies: when and whom to cut.", no_args_is_help=True)

Document = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
Documents = Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, readable=True)]
PolicyId = Annotated[UUID, typer.Argument(help="As `draft` prints it.")]
Why = Annotated[str, typer.Option("--reason", help="Why; kept with it.")]

_LEDGER = "prepay-ledger"
_console = Console(soft_wrap=True)


@policy.command()
def check(documents: Documents) -> None:
    """Whether each file is a supply policy; says the place at fault. Needs no stack."""
    with one_line_errors():
        for path in documents:
            _, document = _read(path)
            classes = ", ".join(sorted(document.classes)) or "no class by name"
            _console.print(plain(f"{path}: {document.title or 'without a title'}: {classes}"))


@policy.command()
def draft(
    document: Document,
    *,
    reason: Why,
    from_: Annotated[
        datetime | None,
        typer.Option("--from", help="Holds from then on, this machine's time; once published."),
    ] = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Draft a version; another person publishes it. Prints its id."""
    with one_line_errors(), client_for(_LEDGER, state_dir=state_dir, who=who) as ledger:
        content, _ = _read(document)
        body = {
            "document": content,
            "reason": reason,
            "effective_from": local(from_),
        }
        print(answered(ledger.post("/v1/policies", json=body)).json()["id"])  # noqa: T201


@policy.command()
def publish(
    policy_id: PolicyId, *, reason: Why, who: Who = None, state_dir: StateDir = DEFAULT_STATE_DIR
) -> None:
    """Publish what another person drafted."""
    with one_line_errors(), client_for(_LEDGER, state_dir=state_dir, who=who) as ledger:
        answer = ledger.post(f"/v1/policies/{policy_id}/publish", json={"reason": reason})
        published = answered(answer).json()
        _console.print(f"version {published['number']} holds from {published['effective_from']} on")


@policy.command()
def withdraw(
    policy_id: PolicyId, *, reason: Why, who: Who = None, state_dir: StateDir = DEFAULT_STATE_DIR
) -> None:
    """A draft is not to be published."""
    with one_line_errors(), client_for(_LEDGER, state_dir=state_dir, who=who) as ledger:
        answered(ledger.post(f"/v1/policies/{policy_id}/withdraw", json={"reason": reason}))
        _console.print("withdrawn")


@policy.command()
def diff(
    policy_id: PolicyId,
    against: Annotated[UUID | None, typer.Argument(help="Left out: what holds now.")] = None,
    *,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """What a policy changes: class, field, before -> after."""
    with one_line_errors(), find_target(state_dir=state_dir).client(_LEDGER) as ledger:
        query = {} if against is None else {"against": str(against)}
        answer = ledger.get(f"/v1/policies/{policy_id}/differences", params=query)
        found = answered(answer).json()["differences"]
    for each in found:
        _console.print(plain(f"{each['of']}: {each['field']}: {each['before']} -> {each['after']}"))
    if not found:
        _console.print("they say the same")


@policy.command()
def show(
    policy_id: Annotated[UUID | None, typer.Argument(help="Left out: what holds now.")] = None,
    *,
    customer_class: Annotated[
        str, typer.Option("--class", help="Of what holds now: the part of this class.")
    ] = DEFAULT_CLASS,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """A policy's document, or what holds now for a class."""
    with one_line_errors(), find_target(state_dir=state_dir).client(_LEDGER) as ledger:
        if policy_id is None:
            query = {"customer_class": customer_class}
            shown = answered(ledger.get("/v1/policies/in-force", params=query)).json()
        else:
            shown = answered(ledger.get(f"/v1/policies/{policy_id}")).json()
    _console.print(_plain_json(shown))


def _plain_json(value: Any) -> str:
    """Indented; each line as others gave it, shown as it is."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return "\n".join(map(plain, text.splitlines()))


def _read(path: Path) -> tuple[object, SupplyPolicy]:
    """What the file says, and the policy that it is. Raises ValueError."""
    try:
        content = read_yaml(path.read_bytes())
        return content, policy_of(content)
    except (NotYaml, InvalidPolicy) as error:
        message = f"{path}: {error}"
        raise ValueError(message) from error
