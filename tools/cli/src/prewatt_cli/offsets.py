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
_COLUMNS = ("group", "topic", "partition", "offset", "log", "state")


@offsets.command()
def show(
    *,
    service: Annotated[str | None, typer.Option(help="Of one service; of all.")] = None,
    topic: Annotated[str | None, typer.Option(help="Of one topic.")] = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """The stored offset of each partition beside what the log has, and the topics' ids where they
    differ. Exit code 1 where one does not fit: its consumer waits."""
    table = Table(*_COLUMNS, box=None)
    for column in table.columns:
        column.overflow = "fold"  # a name that is cut says nothing
    table.columns[-1].no_wrap = True
    others: list[str] = []
    fits = True
    with one_line_errors():
        for name in [service] if service else SERVICES:
            with client_for(name, state_dir=state_dir) as client:
                for each in answered(client.get("/v1/offsets")).json()["offsets"]:
                    if topic in (None, each["topic"]):
                        log = f"{each['log_begin']} to {each['log_end']}"
                        row = (each["group"], each["topic"], each["partition"], each["offset"])
                        table.add_row(*(plain(str(it)) for it in (*row, log, each["state"])))
                        fits = fits and each["state"] == "fits"
                        if each["topic_id"] != each["log_topic_id"]:
                            ids = f"offset of {each['topic_id']}, log of {each['log_topic_id']}"
                            others.append(f"{each['topic']}/{each['partition']}: {ids}")
    _console.print(table)
    for line in others:
        _console.print(plain(line))
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
