"""Which lines of the bank may be a payout, on PostgreSQL: found by an index, however many."""

from datetime import date

import pytest
from ledger_scratch import Scratch
from sqlalchemy import text

from prepay_ledger.payouts.postgres import LINES_TO_MATCH

pytestmark = pytest.mark.stack


async def test_lines_to_match_are_found_by_their_index(own_database_url: str) -> None:
    scratch = Scratch(own_database_url)
    values = {"currency": "CNY", "amount_micro": 60, "since": date(2026, 3, 1)}
    async with scratch.database.transaction() as connection:
        await connection.execute(text("SET LOCAL enable_seqscan = off"))
        query = text(f"EXPLAIN {LINES_TO_MATCH.text}")
        said = "\n".join((await connection.execute(query, values)).scalars())
    await scratch.database.close()
    assert "bank_line_payout" in said, said
