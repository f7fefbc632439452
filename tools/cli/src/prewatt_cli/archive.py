"""``prewatt archive``: billing's archive of readings, past the service."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import typer

from prewatt_cli.errors import one_line_errors
from prewatt_cli.target import DEFAULT_STATE_DIR, NoTarget, StateDir, environments_of

PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""Arguments are the archive's own to explain and to refuse: ``prewatt archive --help``."""
_NEEDED = ("PREWATT_DATABASE_URL", "PREWATT_ARCHIVE_URL")


def archive(context: typer.Context, *, state_dir: StateDir = DEFAULT_STATE_DIR) -> None:
    """Billing's archive: `ls` its days and files, `check` every file, `export` readings of a range,
    `adopt` files that a restored database does not know.
    Exit code 1 where a file is not what it should be."""
    with one_line_errors():
        if find_spec("billing") is None:
            message = "billing is not installed here; run this where it is"
            raise NoTarget(message)
        done = subprocess.run(
            [sys.executable, "-m", "billing", "archive", *context.args],
            env=os.environ | _where(state_dir),
            check=False,
        )
    raise typer.Exit(done.returncode)


def _where(state_dir: Path) -> dict[str, str]:
    """What the environment does not say, of the local stack if there is one."""
    if _NEEDED[0] in os.environ:
        return {}
    billing = environments_of(state_dir).get("billing")
    if billing is None:
        return {}
    return {name: billing[name] for name in _NEEDED}
