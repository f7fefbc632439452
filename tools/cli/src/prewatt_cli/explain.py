"""``prewatt explain``: why an account has supply or not."""

from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from prewatt_cli.errors import answered, one_line_errors
from prewatt_cli.people import account_of, plain
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir, find_target

_console = Console()


class Language(StrEnum):
    """BCP 47."""

    EN = "en"
    ZH_CN = "zh-CN"


def explain(
    number: Annotated[str, typer.Argument(help="The account's number.")],
    *,
    language: Annotated[Language, typer.Option(help="Of the text.")] = Language.EN,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Why the account has supply or not, as a customer is told it."""
    with one_line_errors(), find_target(state_dir=state_dir).client("prepay-ledger") as ledger:
        account = account_of(ledger, number)
        path = f"/v1/accounts/{account['id']}/supply/explanation"
        said = answered(ledger.get(path, params={"language": language})).json()
    for line in said["text"].splitlines():
        _console.print(plain(line))
