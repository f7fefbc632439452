"""``prewatt`` as people type it, on the running ledger."""

import asyncio
from typing import Any

from typer.testing import CliRunner

from prewatt_cli.__main__ import app


async def prewatt(ledger: Any, *arguments: object) -> tuple[int, str]:
    """Exit code, and what was said."""
    command = [*map(str, arguments), "--state-dir", str(ledger.stack.state_dir)]
    runner = CliRunner(env={"COLUMNS": "250"})
    result = await asyncio.to_thread(runner.invoke, app, command)
    return result.exit_code, result.output
