"""``prewatt dlq``: records that consumers did not handle, to look at and to replay."""

from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.lists import items_of
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, SERVICES, StateDir

dlq = typer.Typer(help="Dead letters: what consumers did not handle.", no_args_is_help=True)

_console = Console()

Service = Annotated[str, typer.Option(help="Whose consumer did not handle it.")]
LetterId = Annotated[str, typer.Argument(help="TOPIC:OFFSET; `list` shows it.")]


@dlq.command("list")
def list_(
    *,
    service: Annotated[str | None, typer.Option(help="Of one service; of all.")] = None,
    topic: Annotated[str | None, typer.Option(help="Of one topic, like meter.readings.v1.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Also those that were handled.")] = False,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """The open ones by service and topic, newest first: which record, when, why."""
    table = Table("service", "dead letter", "key", "when", "why", "detail", box=None)
    with one_line_errors():
        for name in [service] if service else SERVICES:
            with client_for(name, state_dir=state_dir) as client:
                filters = {"topic": topic} if topic else {}
                for letter in items_of(client, "/v1/dead-letters", filters):
                    if every or letter["open"]:
                        cells = (name, *(letter[field] for field in _SHOWN))
                        table.add_row(*map(plain, cells))
    _console.print(table if table.row_count else "no dead letters are open")


_SHOWN = ("id", "key", "dead_at", "reason", "detail")


@dlq.command()
def show(letter: LetterId, *, service: Service, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """One of them, with its record as it came and what people did with it."""
    with one_line_errors(), client_for(service, state_dir=state_dir) as client:
        _console.print_json(data=answered(client.get(f"/v1/dead-letters/{letter}")).json())


@dlq.command()
def replay(
    letters: Annotated[list[str], typer.Argument(help="TOPIC:OFFSET, any number.")],
    *,
    service: Service,
    reason: Annotated[str, typer.Option(help="Why; kept with it.")],
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Have them handled again, by the consumer that did not. One that was handled stays as it is.

    Exit code 1 where one is refused again.
    """
    refused = False
    with one_line_errors(), client_for(service, state_dir=state_dir, who=who) as client:
        for letter in letters:
            answer = client.post(f"/v1/dead-letters/{letter}/replay", json={"reason": reason})
            if answer.status_code == httpx.codes.CONFLICT:
                _console.print(plain(f"{letter}: {answer.json()['detail']}"))
                continue
            outcome = answered(answer).json()["replays"][-1]
            refused = refused or outcome["outcome"] != "handled"
            _console.print(plain(f"{letter}: {outcome['outcome']} {outcome['detail']}".rstrip()))
    if refused:
        raise typer.Exit(1)
