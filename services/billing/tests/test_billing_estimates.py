"""On the real PostgreSQL: an estimate of the ledger is in nothing that is compared, and one that
stands though its meter was read is named."""

import itertools
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from prewatt_common.contracts.ledger_charges_v1 import (
    ChargesPosted,
    EstimatedMeter,
    PostedEstimate,
)

pytestmark = pytest.mark.stack

ZONE = ZoneInfo("Asia/Shanghai")
DAYS = 40


def today() -> date:
    return datetime.now(ZONE).date()


@pytest.fixture
def home(homes) -> Any:
    return homes(first_day=today() - timedelta(days=DAYS))


def reads(days: int) -> list[tuple[float, int]]:
    return [(6.0 * n, 1_000 + 700 * n) for n in range(1, 4 * days + 1)]


def estimate(home: Any, readings: Sequence[Any], version: int, wh: int) -> ChargesPosted:
    """Of the period that today lies in, from the last of ``readings`` on; of 0 Wh: none."""
    first = today().replace(day=1)
    since = EstimatedMeter(home.meter_id, readings[-1].read_at)
    return ChargesPosted(
        posted_at=home.begins_at,
        charges=(),
        estimates=(
            PostedEstimate(
                home.agreement_id, home.account_id, first,
                (first + timedelta(days=31)).replace(day=1), version, wh, wh * 500,
                (since,) if wh else (),
            ),
        ),
    )  # fmt: skip


async def stands(billing: Any, home: Any) -> dict[str, str | None]:
    """By month, of what does not agree what is wrong."""
    await billing.compare()
    rows = await billing.rows(
        "SELECT month, detail FROM comparison WHERE agreement_id = $1 AND kind <> 'agrees'",
        home.agreement_id,
    )
    return {row["month"]: row["detail"] for row in rows}


async def test_it_is_named_where_it_does_not_end(billing, home) -> None:
    early, late = home.readings(reads(20)), home.readings(reads(30))
    await billing.take(*home.facts, *early, home.posted(early, today=today(), version=1))
    assert await stands(billing, home) == {}
    await billing.take(estimate(home, early, 1, 9_000))
    assert await stands(billing, home) == {}  # it is in no total
    await billing.take(*late[len(early) :], home.posted(late, today=today(), version=2))
    ((month, detail),) = (await stands(billing, home)).items()
    assert month == f"{today():%Y-%m}"
    assert detail is not None
    assert detail.startswith("an estimate of 4500000 micro-units and 9000 Wh stands")
    assert home.meter_id in detail
    await billing.take(estimate(home, early, 2, 0))
    assert await stands(billing, home) == {}
    # Of two the higher version holds, whenever it comes.
    await billing.take(estimate(home, early, 1, 9_000))
    assert await stands(billing, home) == {}


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
async def test_in_any_order_it_ends(billing, home, order: Sequence[int]) -> None:
    early, late = home.readings(reads(20)), home.readings(reads(30))
    ended = home.posted(late, today=today(), version=2)
    events = [
        [*home.facts],
        [*late, home.posted(early, today=today(), version=1)],
        [estimate(home, early, 1, 9_000)],
        [msgspec.structs.replace(ended, estimates=estimate(home, early, 2, 0).estimates)],
    ]
    for number in order:
        await billing.take(*events[number])
        await billing.compare()
    assert await stands(billing, home) == {}


async def test_a_reading_of_another_meter_ends_nothing(billing, home) -> None:
    early = home.readings(reads(20))
    await billing.take(*home.facts, *early, home.posted(early, today=today(), version=1))
    (one,) = estimate(home, early, 1, 9_000).estimates
    other = msgspec.structs.replace(
        one, meters=(EstimatedMeter("another", home.begins_at), *one.meters)
    )
    await billing.take(
        ChargesPosted(posted_at=home.begins_at, charges=(), estimates=(other,)),
    )
    assert await stands(billing, home) == {}
