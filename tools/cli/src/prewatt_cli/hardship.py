"""``prewatt hardship``: households that go without for want of money, for a person to call."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.table import Table

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.explain import Language
from prewatt_cli.lists import items_of
from prewatt_cli.people import Who, client_for, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir
from prewatt_common.ids import new_id
from prewatt_metering.tariffs.yaml_text import NotYaml, read_yaml

hardship = typer.Typer(
    help="Households that go without for want of money: to call, never to cut.",
    no_args_is_help=True,
)

_console = Console(soft_wrap=True)

FlagId = Annotated[str, typer.Argument(metavar="FLAG", help="As `list` shows it.")]
Key = Annotated[
    str | None,
    typer.Option(help="The Idempotency-Key: give the same to try again; a new one if left out."),
]


class Action(StrEnum):
    """What was done."""

    CALLED = "called"
    PAYMENT_PLAN = "payment_plan"
    VULNERABLE_REGISTER = "vulnerable_register"
    NO_ACTION = "no_action"


@hardship.command("list")
def list_(
    *,
    level: Annotated[str | None, typer.Option(help="Only `likely`, or only `watch`.")] = None,
    account: Annotated[str | None, typer.Option(help="The account's id; none: of all.")] = None,
    all_: Annotated[
        bool, typer.Option("--all", help="Also dealt with by a person, and ended.")
    ] = False,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Who waits for a person, the newest first. It is kept who looked."""
    filters = {} if all_ else {"standing": "true", "acknowledged": "false"}
    filters |= {
        name: value
        for name, value in (("level", level), ("account_id", account))
        if value is not None
    }
    table = Table("flag", "account", "level", "since", "last seen", "signs", "done", box=None)
    with one_line_errors(), _client(state_dir, who) as billing:
        for each in items_of(billing, "/v1/hardship/flags", filters):
            done = each["acknowledgement"]
            row = (
                each["id"], each["account_id"], each["level"], each["first_day"],
                each["last_true_day"], ", ".join([*each["indicators"], *each["doubts"]]),
                f"{done['action']} by {done['by']}" if done else "",
            )  # fmt: skip
            table.add_row(*map(plain, row))
    _console.print(table if table.row_count else "nobody waits")


@hardship.command()
def show(
    flag_id: FlagId,
    *,
    language: Annotated[Language, typer.Option(help="Of the text.")] = Language.EN,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Why a household is shown, in words, and what was done. It is kept who looked."""
    path = f"/v1/hardship/flags/{flag_id}"
    with one_line_errors(), _client(state_dir, who) as billing:
        said = answered(billing.get(f"{path}/explanation", params={"language": language})).json()
        done = answered(billing.get(path)).json()["acknowledgements"]
    for line in said["text"].splitlines():
        _console.print(plain(line))
    for each in done:
        _console.print(plain(f"{each['at']} {each['by']}: {each['action']}: {each['note']}"))


@hardship.command()
def acknowledge(
    flag_id: FlagId,
    *,
    action: Annotated[Action, typer.Option(help="What was done.")],
    note: Annotated[str, typer.Option(help="In the words of who did it; kept with it.")],
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Say what was done: the household is not shown anew for a time. Its supply is as it was."""
    with one_line_errors(), _client(state_dir, who) as billing:
        answer = billing.post(
            f"/v1/hardship/flags/{flag_id}/acknowledge",
            json={"action": action, "note": note},
            headers={"Idempotency-Key": key or str(new_id())},
        )
        done = answered(answer).json()
    _console.print(plain(f"kept: {done['action']} by {done['by']} at {done['at']}"))


@hardship.command()
def publish(
    document: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept with it.")],
    key: Key = None,
    who: Who = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Publish a policy: by what households are shown, from the next daily look on."""
    with one_line_errors(), _client(state_dir, who) as billing:
        answer = billing.post(
            "/v1/hardship/policies",
            json={"document": _read(document), "reason": reason},
            headers={"Idempotency-Key": key or str(new_id())},
        )
        made = answered(answer).json()
    _console.print(plain(f"version {made['version']} holds: {made['document']['title']}"))


def _read(path: Path) -> object:
    """Raises ValueError."""
    try:
        return read_yaml(path.read_bytes())
    except NotYaml as error:
        message = f"{path}: {error}"
        raise ValueError(message) from error


def _client(state_dir: Path, who: str | None) -> httpx.Client:
    return client_for("billing", state_dir=state_dir, who=who, also=["hardship"])
