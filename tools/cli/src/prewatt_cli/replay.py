"""``prewatt replay``: stored decisions about supply, decided again, past the service."""

import subprocess
import sys
from typing import Annotated

import typer

from prewatt_cli.audit import database_of
from prewatt_cli.errors import one_line_errors
from prewatt_cli.target import DEFAULT_STATE_DIR, StateDir


def replay(
    number: Annotated[
        str | None, typer.Argument(help="Only decisions about the account of this number.")
    ] = None,
    *,
    database_url: Annotated[
        str | None,
        typer.Option(envvar="PREWATT_DATABASE_URL", help="The ledger's; reading is enough."),
    ] = None,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Decide every stored decision again from what was stored with it. Exit code 1 where one comes
    out otherwise: each is named."""
    with one_line_errors():
        url, _ = database_of(state_dir, database_url, None)
        command = [sys.executable, "-m", "prepay_ledger", "replay", "--database-url", url]
        if number is not None:
            command += ["--account", number]
        done = subprocess.run(command, check=False)
    raise typer.Exit(done.returncode)
