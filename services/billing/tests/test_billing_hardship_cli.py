"""``prewatt hardship`` as people type it, on billing as it is run."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hardship_cases import EXAMPLE
from typer.testing import CliRunner

from prewatt_cli.__main__ import app
from prewatt_common.clock import utc_now
from prewatt_common.ids import new_id

pytestmark = pytest.mark.stack

_EVIDENCE = '[{"name": "stays_off", "numbers": {"seen_hours": 30, "hours": 24}, "days": []}]'


@pytest.fixture
async def rows(stack) -> AsyncGenerator[asyncpg.Connection]:
    """Of billing's own database, while it runs; what the test adds goes again."""
    await asyncio.to_thread(stack.start_services, "billing")
    url = stack.endpoints.database_url("billing").replace("+asyncpg", "")
    connection = await asyncpg.connect(url)
    yield connection
    await asyncio.to_thread(stack.stop, "billing")
    await connection.execute("DELETE FROM hardship_flag")
    await connection.execute("DELETE FROM hardship_run")
    await connection.execute("DELETE FROM hardship_policy")
    await connection.execute("DELETE FROM hardship_look")
    await connection.close()


async def test_a_person_works_at_a_terminal(stack, rows: asyncpg.Connection) -> None:
    async def prewatt(*arguments: object) -> tuple[int, str]:
        command = ["hardship", *map(str, arguments), "--state-dir", str(stack.state_dir)]
        runner = CliRunner(env={"COLUMNS": "250"})
        result: Any = await asyncio.to_thread(runner.invoke, app, command)
        return result.exit_code, result.output

    code, said = await prewatt("publish", EXAMPLE, "--reason", "a test", "--who", "li")
    assert code == 0, said
    assert "Hardship indicators" in said
    version = await rows.fetchval("SELECT max(version) FROM hardship_policy")
    flag_id, account_id = new_id(), new_id()
    await rows.execute(
        "INSERT INTO hardship_flag (id, account_id, level, doubts, evidence, first_day, "
        "last_true_day, policy_version, raised_at) "
        "VALUES ($1, $2, 'likely', '{may_be_empty}', $3, $4, $4, $5, $6)",
        flag_id, account_id, _EVIDENCE, utc_now().date(), version, utc_now(),
    )  # fmt: skip

    code, said = await prewatt("list", "--account", account_id)
    assert (code, str(flag_id) in said, "stays_off, may_be_empty" in said) == (0, True, True)
    code, said = await prewatt("show", flag_id, "--language", "zh-CN")
    assert (code, "已停电30小时" in said, "可能无人居住" in said) == (0, True, True)
    did = ("acknowledge", flag_id, "--action", "called", "--note", "nobody there")
    code, said = await prewatt(*did, "--who", "wang", "--key", "k1")
    assert (code, "called by wang" in said) == (0, True)
    code, said = await prewatt("list", "--account", account_id)
    assert (code, said.strip()) == (0, "nobody waits")
    code, said = await prewatt("show", flag_id, "--who", "wang")
    assert "off for want of money for 30 hours" in said
    assert "wang: called: nobody there" in said
    code, said = await prewatt("show", UUID(int=1))
    assert (code, len(said.strip().splitlines())) == (2, 1), said
    seen = await rows.fetch("SELECT by, what FROM hardship_look WHERE account_id = $1", account_id)
    assert ("wang", "explanation") in {tuple(each) for each in seen}
