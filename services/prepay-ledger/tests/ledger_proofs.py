"""What proofs of failures share: the day set back, the audit as a command, what does not run."""

import asyncio
import sys
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg

from prewatt_common.clock import utc_now

UTILITY_ZONE = ZoneInfo("Asia/Shanghai")


async def run_audit(url: str, *more: str) -> tuple[int, str, str]:
    """``python -m prepay_ledger audit`` on a database: exit code, output, errors."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "prepay_ledger", "audit", "--database-url", url, *more,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def forget_seals(ledger: Any) -> None:
    """As if no day had been closed yet."""
    await _past_the_triggers(ledger, "TRUNCATE seal_leaves, seal, sealed_sum")


async def yesterday_goes_on(ledger: Any) -> date:
    """As if yesterday, by the utility's clock, were open still; it is due then. Whatever it is
    that was sealed of it must be forgotten before."""
    yesterday = utc_now().astimezone(UTILITY_ZONE).date() - timedelta(days=1)
    await _past_the_triggers(ledger, f"UPDATE posting_day SET day = '{yesterday}', unsealed = NULL")
    return yesterday


async def _past_the_triggers(ledger: Any, statement: str) -> None:
    url = ledger.stack.endpoints.database_url("prepay_ledger").replace("+asyncpg", "")
    connection = await asyncpg.connect(url)
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(statement)
    await connection.close()


async def sealed_days(ledger: Any) -> list[date]:
    """Every day that has a seal."""
    return [row["day"] for row in await ledger.sql("SELECT day FROM seal ORDER BY day")]


async def consuming(ledger: Any) -> dict[str, str]:
    """What does not run, and why; empty where all does."""
    checks = (await ledger.api.get("/readyz/consume")).json()["checks"]
    return {name: each["detail"] for name, each in checks.items() if not each["ok"]}
