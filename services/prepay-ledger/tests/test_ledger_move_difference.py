"""What a provider has settled is told as its events tell it: pure."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from prepay_ledger.settlement_files.values import LineKind, SettledLine
from prepay_ledger.settlements.move_difference import MoveDifference

NOW = datetime(2026, 3, 1, tzinfo=UTC)
REFUND = UUID("01978a3c-5f1e-7000-8000-000000000001")


@pytest.mark.parametrize(
    ("movement_id", "request_id"), [(REFUND.hex, str(REFUND)), ("re_1", ""), ("5030", "")]
)
async def test_a_refund_that_its_file_names_as_we_did_is_ours(
    movement_id: str, request_id: str
) -> None:
    """At Alipay: also where its answer and its event were lost."""
    line = SettledLine(
        kind=LineKind.REFUND, amount_micro=9, currency="CNY", payment_id="p-0",
        movement_id=movement_id, place="line 2",
    )  # fmt: skip
    told: list[Any] = []

    async def line_of(_: UUID) -> Any:
        return SimpleNamespace(line=line)

    async def take_movement(_: Any, **moved: Any) -> None:
        told.append(moved["told"])

    unit: Any = SimpleNamespace(settlements=SimpleNamespace(line=line_of))
    found: Any = SimpleNamespace(provider="a", finding=SimpleNamespace(line_id=REFUND))
    nothing: Any = None
    takes: Any = take_movement
    move = MoveDifference(take_payment=nothing, take_movement=takes)
    await move.take(unit, found, now=NOW)
    assert [(each.movement_id, each.request_id) for each in told] == [(movement_id, request_id)]
