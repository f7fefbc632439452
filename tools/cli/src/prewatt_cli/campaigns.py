"""``prewatt campaigns``: what many customers are told at once, and what came of it."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.imports import import_csv
from prewatt_cli.lists import items_of
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target
from prewatt_cli.vending import Key, keyed
from prewatt_metering.tariffs.yaml_text import NotYaml, read_yaml

campaigns = typer.Typer(
    help="What many customers are told at once, and what came of it.", no_args_is_help=True
)

CampaignId = Annotated[UUID, typer.Argument(metavar="CAMPAIGN", help="As `list` shows it.")]
Why = Annotated[str, typer.Option("--reason", help="Why; kept with it.")]
Document = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]

_NOTIFIER = "notifier"
_PATH = "/v1/campaigns"
_console = Console(soft_wrap=True)


class Decision(StrEnum):
    """What a person decides of a campaign."""

    APPROVE = "approve"
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


@campaigns.command("list")
def list_(*, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """All of them, the newest first."""
    table = Table("campaign", "name", "purpose", "state", "first day", "last day", box=None)
    with one_line_errors(), find_target(state_dir=state_dir).client(_NOTIFIER) as notifier:
        for each in items_of(notifier, _PATH, {}):
            row = (
                each["id"], each["name"], each["purpose"], each["state"], each["first_day"],
                each["last_day"],
            )  # fmt: skip
            table.add_row(*map(plain, row))
    _console.print(table if table.row_count else "none")


@campaigns.command()
def draft(
    document: Document,
    *,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Draft a campaign from a YAML document; another person approves it. Prints its id."""
    with one_line_errors(), client_for(_NOTIFIER, state_dir=state_dir, who=who) as notifier:
        body = _read(document) | {"reason": reason}
        print(keyed(notifier, _PATH, body, key)["id"])  # noqa: T201


@campaigns.command()
def upload(
    campaign_id: CampaignId,
    file: Document,
    *,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Give a draft its accounts: CSV with the column `account`. The same again changes nothing."""
    with (
        one_line_errors(),
        client_for(_NOTIFIER, state_dir=state_dir, who=who) as notifier,
        file.open("rb") as lines,
    ):
        done = import_csv(notifier, f"{_PATH}/{campaign_id}/audience", lines)
    _console.print(f"{done['added']} accounts are new")


@campaigns.command()
def decide(
    decision: Decision,
    campaign_id: CampaignId,
    *,
    reason: Why,
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Approve it (as a second person), start, pause, resume or cancel it."""
    with one_line_errors(), client_for(_NOTIFIER, state_dir=state_dir, who=who) as notifier:
        path = f"{_PATH}/{campaign_id}/{decision}"
        print(keyed(notifier, path, {"reason": reason}, key)["state"])  # noqa: T201


@campaigns.command()
def results(campaign_id: CampaignId, *, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Reach, cost and response as they are now, as CSV."""
    with one_line_errors(), find_target(state_dir=state_dir).client(_NOTIFIER) as notifier:
        answer = answered(notifier.get(f"{_PATH}/{campaign_id}/results.csv"))
        for line in answer.text.splitlines():
            _console.print(plain(line))


def _read(path: Path) -> dict[str, Any]:
    """Raises ValueError."""
    try:
        found = read_yaml(path.read_bytes())
    except NotYaml as error:
        message = f"{path}: {error}"
        raise ValueError(message) from error
    if not isinstance(found, dict):
        message = f"{path} is no document of a campaign: it has no names"
        raise ValueError(message)
    return found
