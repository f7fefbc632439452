"""``prewatt webhooks``: other systems that are told what happens to accounts."""

from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import one_line_errors
from prewatt_cli.lists import items_of
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target
from prewatt_cli.vending import Key, keyed

webhooks = typer.Typer(
    help="Other systems that are told what happens to accounts.", no_args_is_help=True
)

WebhookId = Annotated[UUID, typer.Argument(help="As `list` prints it.")]
Why = Annotated[str, typer.Option("--reason", help="Why; kept with it.")]

_NOTIFIER = "notifier"
_PATH = "/v1/webhooks"
_console = Console(soft_wrap=True)


@webhooks.command("list")
def list_(*, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Who is told, the newest first; those that ended too."""
    table = Table("webhook", "url", "status", "since", "why", "events", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client(_NOTIFIER) as notifier:
        for each in items_of(notifier, _PATH, {}):
            row = each["id"], each["url"], each["status"], each["since"], each["reason"]
            table.add_row(*map(plain, row), ", ".join(each["events"]))
    _console.print(table if table.row_count else "nobody is told")


@webhooks.command()
def add(
    url: Annotated[str, typer.Argument(help="By https, at a public address.")],
    *,
    event: Annotated[
        list[str], typer.Option(help="A type, as prewatt.ledger.topped-up.v1; may be repeated.")
    ],
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Tell another system from now on. The secret that signs is shown this once."""
    with one_line_errors(), client_for(_NOTIFIER, state_dir=state_dir, who=who) as notifier:
        body = {"url": url, "events": event, "reason": reason}
        _show_secret(keyed(notifier, _PATH, body, key))


@webhooks.command()
def secret(
    webhook_id: WebhookId,
    *,
    overlap_hours: Annotated[
        int, typer.Option(help="So long the one before signs too; 0 where others have it.")
    ] = 24,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Another secret, shown this once."""
    with one_line_errors(), client_for(_NOTIFIER, state_dir=state_dir, who=who) as notifier:
        body = {"overlap_h": overlap_hours, "reason": reason}
        _show_secret(keyed(notifier, f"{_PATH}/{webhook_id}/secret", body, key))


@webhooks.command()
def messages(webhook_id: WebhookId, *, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """What it was told, or will be, the newest first, and what it answered."""
    table = Table("event", "type", "status", "tries", "answer", "made", "finished", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client(_NOTIFIER) as notifier:
        for each in items_of(notifier, f"{_PATH}/{webhook_id}/messages", {}):
            row = (
                each["event_id"], each["kind"], each["status"], str(each["attempts"]),
                each["answer"] or "", each["made_at"], each["finished_at"] or "",
            )  # fmt: skip
            table.add_row(*map(plain, row))
    _console.print(table if table.row_count else "it was told nothing")


@webhooks.command()
def history(webhook_id: WebhookId, *, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Who did what with it, and why, the newest first."""
    table = Table("at", "what", "by", "why", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client(_NOTIFIER) as notifier:
        for each in items_of(notifier, f"{_PATH}/{webhook_id}/changes", {}):
            table.add_row(*map(plain, (each["at"], each["what"], each["by"], each["reason"])))
    _console.print(table)


@webhooks.command()
def ping(
    webhook_id: WebhookId,
    *,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Send it a message that tells of nothing; `messages` shows what it answered."""
    with one_line_errors(), client_for(_NOTIFIER, state_dir=state_dir, who=who) as notifier:
        _show(keyed(notifier, f"{_PATH}/{webhook_id}/ping", {"reason": reason}, key))


@webhooks.command()
def pause(
    webhook_id: WebhookId,
    *,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Tell it nothing for now; what happens meanwhile waits for it."""
    with one_line_errors(), client_for(_NOTIFIER, state_dir=state_dir, who=who) as notifier:
        _show(keyed(notifier, f"{_PATH}/{webhook_id}/pause", {"reason": reason}, key))


@webhooks.command()
def resume(
    webhook_id: WebhookId,
    *,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Tell it again, after a pause or after it said that it is gone."""
    with one_line_errors(), client_for(_NOTIFIER, state_dir=state_dir, who=who) as notifier:
        _show(keyed(notifier, f"{_PATH}/{webhook_id}/resume", {"reason": reason}, key))


@webhooks.command()
def end(
    webhook_id: WebhookId,
    *,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Tell it nothing any more, for good."""
    with one_line_errors(), client_for(_NOTIFIER, state_dir=state_dir, who=who) as notifier:
        _show(keyed(notifier, f"{_PATH}/{webhook_id}/end", {"reason": reason}, key))


def _show(webhook: dict[str, Any]) -> None:
    said = f"webhook {webhook['id']}: {webhook['url']} is {webhook['status']}"
    _console.print(plain(f"{said} since {webhook['since']}"))


def _show_secret(made: dict[str, Any]) -> None:
    _show(made["webhook"])
    said = made["secret"] or "was shown before, and is shown once; ask for another"
    _console.print(plain(f"secret: {said}"))
