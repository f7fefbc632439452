"""Whether a meter that serves an account no more was read to its end, once those readings left."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from ledger_store import Store

from prepay_ledger.charging.meters import MeterHistory
from prepay_ledger.refunds import postgres
from prepay_ledger.retention.refusals import ReadingsHaveLeft
from prewatt_metering.calendar.instants import us_of
from prewatt_metering.registers.readings import Reading

NOW = datetime(2029, 3, 1, tzinfo=UTC)
ENDED = NOW - timedelta(days=800)
LAST = Reading(us_of(ENDED), 900)
SUMS = {
    "deposits_micro": 0, "debts_micro": 0, "estimated_micro": 0, "runs": False, "ends_on": None,
    "serving": [], "parked": [], "due": False, "has_mandate": False, "refunded_micro": 0,
}  # fmt: skip


class Connection:
    async def fetchrow(self, *_: object) -> Mapping[str, Any]:
        return SUMS

    async def fetch(self, *_: object) -> Sequence[Mapping[str, Any]]:
        return [{"meter_id": "m", "ends_at": ENDED}]


@pytest.fixture
def ground(monkeypatch: pytest.MonkeyPatch) -> Any:
    async def ground(kept: MeterHistory, exported: MeterHistory | None) -> Sequence[str]:
        async def driver(_: object) -> Connection:
            return Connection()

        async def histories_of(_: object, meter_ids: Sequence[str]) -> Any:
            return dict.fromkeys(meter_ids, kept)

        async def whole_histories_of(_: object, histories: Sequence[MeterHistory]) -> Any:
            if exported is None:
                message = "not to be had"
                raise ReadingsHaveLeft(message)
            return {each.meter_id: exported for each in histories}

        for each in (driver, histories_of, whole_histories_of):
            monkeypatch.setattr(postgres, each.__name__, each)
        account: Any = SimpleNamespace(id=None, balance_micro=5)
        refunds = postgres.PostgresRefunds(SimpleNamespace())  # type: ignore[arg-type]
        return (await refunds.ground(account, today=date(2029, 3, 1), now=NOW)).unread

    return ground


async def test_a_final_reading_that_has_left_is_known_by_its_export(ground: Any) -> None:
    read = replace(Store().history, readings=[LAST])
    left = replace(read, readings=[], left_since=date(2026, 12, 1), complete_from_us=0)
    never = replace(read, readings=[])
    assert await ground(read, None) == []
    assert await ground(never, None) == ["m"]
    assert await ground(left, read) == []
    assert await ground(left, never) == ["m"]
    assert await ground(replace(left, readings=[LAST]), None) == []
    with pytest.raises(ReadingsHaveLeft):
        await ground(left, None)
