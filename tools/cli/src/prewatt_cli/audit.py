"""``prewatt audit``: sealed days, use and charges of the ledger checked again, past the service."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from prewatt_cli.errors import one_line_errors
from prewatt_cli.target import DEFAULT_STATE_DIR, NoTarget, StateDir, environments_of


def audit(
    *,
    database_url: Annotated[
        str | None,
        typer.Option(envvar="PREWATT_DATABASE_URL", help="The ledger's; reading is enough."),
    ] = None,
    kafka: Annotated[
        str | None,
        typer.Option(envvar="PREWATT_KAFKA_BOOTSTRAP", help="Where heads were published."),
    ] = None,
    seals_only: Annotated[
        bool, typer.Option(help="Do not derive use and charges again from every reading.")
    ] = False,
    exports_elsewhere: Annotated[
        bool,
        typer.Option(help="Exports of readings that have left are kept where this has no access."),
    ] = False,
    state_dir: StateDir = DEFAULT_STATE_DIR,
) -> None:
    """Check every sealed day of the ledger again, from its database, and derive use and charges
    again from all readings. Exit code 1 where anything differs: the first row of each is named. 2
    where it cannot be told, also where exports of readings that have left are not here."""
    with one_line_errors():
        url, kafka = database_of(state_dir, database_url, kafka)
        command = [sys.executable, "-m", "prepay_ledger", "audit", "--database-url", url]
        if kafka is not None:
            command += ["--kafka", kafka]
        if seals_only:
            command.append("--seals-only")
        if exports_elsewhere:
            command.append("--exports-elsewhere")
        done = subprocess.run(command, check=False)
    raise typer.Exit(done.returncode)


def database_of(
    state_dir: Path, database_url: str | None, kafka: str | None
) -> tuple[str, str | None]:
    """The ledger's database and Kafka: those given, or the local stack's. Raises `NoTarget`, also
    where the ledger is not installed."""
    if find_spec("prepay_ledger") is None:
        message = "the ledger is not installed here; run this where it is"
        raise NoTarget(message)
    if database_url is not None:
        return database_url, kafka
    ledger = environments_of(state_dir).get("prepay-ledger")
    if ledger is None:
        message = "set PREWATT_DATABASE_URL to the ledger's database, or `make up`"
        raise NoTarget(message)
    return ledger["PREWATT_DATABASE_URL"], kafka or ledger["PREWATT_KAFKA_BOOTSTRAP"]
