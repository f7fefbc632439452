"""``prewatt offsets``: where consumers stand in Kafka's logs, and a person's word to go on."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, SERVICES, StateDir

offsets = typer.Typer(help="Where consumers stand in Kafka's logs.", no_args_is_help=True)

_console = Console()
_SHOWN = ("group", "topic", "partition", "offset", "topic_id", "log_begin", "log_end",
          "log_topic_id", "state")  # fmt: skip


@offsets.command()
def show(
    *,
    service: Annotated[str | None, typer.Option(help="Of one service; of all.")] = None,
    topic: Annotated[str | None, typer.Option(help="Of one topic.")] = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """The stored offset and topic id of each partition beside those of the log. Exit code 1 where
    one does not fit: its consumer waits."""
    table = Table(*(name.replace("_", " ") for name in _SHOWN), box=None)
    fits = True
    with one_line_errors():
        for name in [service] if service else SERVICES:
            with client_for(name, state_dir=state_dir) as client:
                for each in answered(client.get("/v1/offsets")).json()["offsets"]:
                    if topic in (None, each["topic"]):
                        table.add_row(*(plain(str(each[field])) for field in _SHOWN))
                        fits = fits and each["state"] == "fits"
    _console.print(table)
    if not fits:
        raise typer.Exit(1)


@offsets.command()
def accept(
    *,
    service: Annotated[str, typer.Option(help="Whose consumer waits.")],
    topic: Annotated[str, typer.Option(help="At which topic.")],
    reason: Annotated[str, typer.Option(help="Why; kept with it.")],
    go_on: Annotated[
        str | None,
        typer.Option(
            help="`begin` takes all that the log has, `end` skips that, `stay` goes on where the"
            " database stands. Else: `stay` for a database that was restored, `begin` for others."
        ),
    ] = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Let the consumer go on in the log as it is; offsets that fit stay as they are."""
    with one_line_errors(), client_for(service, state_dir=state_dir, who=who) as client:
        body = {"topic": topic, "go_on": go_on, "reason": reason}
        for each in answered(client.post("/v1/offsets/accept", json=body)).json():
            place = f"{each['group']} {each['topic']}/{each['partition']}"
            went = f"{each['old_offset']} of {each['old_topic_id']} to {each['new_offset']} of"
            _console.print(plain(f"{place}: from {went} {each['new_topic_id']}"))
        _console.print("the consumer begins within a minute")
