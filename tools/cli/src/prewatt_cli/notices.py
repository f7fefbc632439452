"""``prewatt notices``: what a customer was told."""

from typing import Annotated
from uuid import UUID

import httpx
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
ParkedId = Annotated[UUID, typer.Argument(help="As `parked` prints it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept with it.")]

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
    reason: Reason,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Say it anew, to what the contact says now; refused where it is true no more."""
    with one_line_errors(), client_for("notifier", state_dir=state_dir, who=who) as notifier:
        anew = keyed(notifier, f"/v1/notices/{notice_id}/resend", {"reason": reason}, key)
        _console.print(f"said anew as {anew['id']}")


@notices.command()
def parked(*, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Notices that are set aside because their handling raised: since when, at what, and why."""
    table = Table("id", "since", "doing", "channel", "status", "peer has it", "error", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client("notifier") as notifier:
        for each in items_of(notifier, "/v1/parked-notices", {}):
            table.add_row(
                each["notice_id"],
                each["since"],
                each["doing"],
                each["channel"],
                each["status"],
                "yes" if each["peer_has_it"] else "no",
                plain(each["error"]),
            )
    _console.print(table if table.row_count else "no notice is parked")


@notices.command()
def release(
    notice_id: ParkedId,
    *,
    reason: Reason,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Have a parked notice sent after all; one that raises again is parked again."""
    with one_line_errors(), client_for("notifier", state_dir=state_dir, who=who) as notifier:
        _end(notifier, notice_id, "release", reason=reason, key=key)


@notices.command()
def drop(
    notice_id: ParkedId,
    *,
    reason: Reason,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Have a parked notice never sent: it ends as failed."""
    with one_line_errors(), client_for("notifier", state_dir=state_dir, who=who) as notifier:
        _end(notifier, notice_id, "drop", reason=reason, key=key)


def _end(
    notifier: httpx.Client, notice_id: UUID, how: str, *, reason: str, key: str | None
) -> None:
    step = keyed(notifier, f"/v1/parked-notices/{notice_id}/{how}", {"reason": reason}, key)
    _console.print(f"{notice_id}: {step['what']}")
