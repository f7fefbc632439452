"""What the audit finds of a day whose readings are said to have left."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from prepay_ledger.retention.postgres_left import differs
from prepay_ledger.seals.values import TableSeal
from prewatt_common.merkle import Root

OPEN = date(2026, 11, 30)
ROOT = Root().hash()


class Connection:
    """A day that has left with no rows, and the day that is open."""

    def __init__(self, folder: Path, day: date) -> None:
        self.folder = folder
        self.day = day

    async def fetchval(self, query: str) -> date:
        assert "posting_day" in query
        return OPEN

    async def fetchrow(self, query: str, day: date) -> Mapping[str, Any]:
        assert "left_day" in query
        return {
            "day": day, "folder": str(self.folder), "rows": 0, "root": ROOT, "sha256": b"",
            "size": 0, "first_meters": [], "begins": [], "roots": [],
        }  # fmt: skip


@pytest.mark.parametrize(
    ("day", "is_note"), [(date(2024, 10, 31), True), (date(2024, 11, 1), False), (OPEN, False)]
)
async def test_a_day_that_must_be_here_cannot_be_said_to_have_left(
    tmp_path: Path, day: date, is_note: bool
) -> None:
    """Whoever deletes it may name a folder that nobody has: of an old day that can be so."""
    connection: Any = Connection(tmp_path, day)
    found = await differs(connection, day, TableSeal(rows=0, root=ROOT))
    assert found is not None
    assert (found.check, found.is_note) == ("left", is_note)
