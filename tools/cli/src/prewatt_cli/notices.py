"""``prewatt notices``: what a customer was told."""

from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.lists import items_of
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target
from prewatt_cli.vending import Key, keyed

notices = typer.Typer(help="What customers were told.", no_args_is_help=True)

NoticeId = Annotated[UUID, typer.Argument(help="As `list` prints it.")]

_console = Console(soft_wrap=True)


@notices.command("list")
def list_(account_id: UUID, *, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Notices of an account, the newest first."""
    table = Table("id", "template", "channel", "status", "made", "why", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("notifier") as notifier:
        for each in items_of(notifier, "/v1/notices", {"account_id": str(account_id)}):
            table.add_row(
                each["id"],
                each["template"],
                each["channel"],
                each["status"],
                each["created_at"],
                plain(each["reason"] or ""),
            )
    _console.print(table if table.row_count else "the account was told nothing")


@notices.command()
def text(notice_id: NoticeId, *, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """What a notice said."""
    with one_line_errors(), find_target(state_dir=state_dir).client("notifier") as notifier:
        said = answered(notifier.get(f"/v1/notices/{notice_id}/text")).json()
    if said["subject"]:
        _console.print(plain(f"Subject: {said['subject']}"))
    for line in said["body"].splitlines():
        _console.print(plain(line))
    if said["is_exact"] is False:
        _console.print("(the texts were changed since: not word by word what was said)")


@notices.command()
def resend(
    notice_id: NoticeId,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept with it.")],
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Say it anew, to what the contact says now; refused where it is true no more."""
    with one_line_errors(), client_for("notifier", state_dir=state_dir, who=who) as notifier:
        anew = keyed(notifier, f"/v1/notices/{notice_id}/resend", {"reason": reason}, key)
        _console.print(f"said anew as {anew['id']}")
