"""``prewatt procedure``: what the law asks for before a cut, checked, drafted and published."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.lists import items_of
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target
from prewatt_common.contracts.procedure_v1 import (
    InvalidProcedure,
    Procedure,
    document_of,
    procedure_of,
)
from prewatt_metering.tariffs.yaml_text import NotYaml, read_yaml

procedure = typer.Typer(
    help="Procedures by law: what must be done before a cut.", no_args_is_help=True
)

_console = Console()

Document = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
Documents = Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, readable=True)]
ProcedureId = Annotated[str, typer.Argument(help="As `list` shows it.")]
Why = Annotated[str, typer.Option("--reason", help="Why; kept with it.")]


@procedure.command()
def check(documents: Documents) -> None:
    """Whether each document is a procedure; says the place at fault. Needs no stack."""
    with one_line_errors():
        for path in documents:
            of = _read(path)
            verified = "verified" if of.verified else "to be verified by the utility"
            print(  # noqa: T201
                f"{path}: {of.jurisdiction}/{of.customer_class}/{of.mode} from {of.valid_from},"
                f" {len(of.steps)} steps, {verified}"
            )


@procedure.command()
def draft(
    document: Document, *, reason: Why, who: Who = None, state_dir: StateDir = DEFAULT_STATE_DIR
) -> None:
    """Send a document to the ledger, for another person to publish."""
    with one_line_errors():
        of = _read(document)
        body = {"document": document_of(of), "reason": reason}
        with client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
            made = answered(ledger.post("/v1/procedures", json=body)).json()
        _console.print(
            f"drafted: somebody else publishes it by `prewatt procedure publish {made['id']}`"
        )


@procedure.command()
def publish(
    procedure_id: ProcedureId,
    *,
    reason: Why,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Publish a draft of another person: cuts follow it from its first day on."""
    with one_line_errors(), client_for("prepay-ledger", state_dir=state_dir, who=who) as ledger:
        path = f"/v1/procedures/{procedure_id}/publish"
        made = answered(ledger.post(path, json={"reason": reason})).json()
        _console.print(plain(f"{_whose(made)} v{made['version']} holds from {made['valid_from']}"))


@procedure.command("list")
def list_(*, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Procedures, published, drafted and withdrawn, the newest first."""
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        table = Table("id", "procedure", "state", "version", "from", "drafted by", box=None)
        for each in items_of(ledger, "/v1/procedures", {}):
            version = "" if each["version"] is None else str(each["version"])
            table.add_row(
                *map(
                    plain,
                    (each["id"], _whose(each), each["state"], version, each["valid_from"],
                     each["drafted"]["by"]),
                )
            )  # fmt: skip
    _console.print(table if table.row_count else "no procedure was drafted yet")


def _read(path: Path) -> Procedure:
    try:
        return procedure_of(read_yaml(path.read_bytes()))
    except (InvalidProcedure, NotYaml) as error:
        message = f"{path}: {error}"
        raise ValueError(message) from error


def _whose(made: dict[str, str]) -> str:
    return f"{made['jurisdiction']}/{made['customer_class']}/{made['mode']}"
