"""What somebody has looked at: how long that holds, on PostgreSQL."""

from collections.abc import AsyncGenerator, Sequence

import pytest
from ledger_town import REVIEW
from ledger_watched import DAY, Watched

from prepay_ledger.charging.postgres_queries import ChargingQueries, FindingView
from prepay_ledger.charging.see_finding import SeeFinding, UnknownFinding
from prepay_ledger.charging.values import SeenFinding
from prewatt_common.ids import new_id
from prewatt_metering.calendar.instants import us_of
from prewatt_metering.vee.registry import CHECKS

pytestmark = pytest.mark.stack


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Watched]:
    made = Watched(own_database_url)
    await made.settle(made.begin.date())
    yield made
    await made.database.close()


async def unseen(town: Watched) -> Sequence[FindingView]:
    """As they are listed; the gauges count the same."""
    queries = ChargingQueries(town.database)
    rows = await queries.unseen(after=None, limit=99, stops_cut=False, check=None)
    found = [each.finding for each in rows]
    assert sum((await queries.count_by_check()).values()) == len(found)
    assert await queries.count_waiting() == sum(each.stops_cut for each in found)
    return found


async def see(town: Watched, finding: FindingView) -> None:
    async with town.unit() as unit:
        seen = SeenFinding(
            id=new_id(), meter_id="m0", check=finding.check, begin_us=us_of(finding.begin),
            end_us=us_of(finding.end), before=finding.before, after=finding.after,
            seen_by="test", reason="test", at=town.now,
        )  # fmt: skip
        await SeeFinding(review=REVIEW)(unit=unit, seen=seen)


async def test_a_silence_that_somebody_has_seen_stays_seen_while_it_goes_on(town: Watched) -> None:
    async def lived(silent: Sequence[int] = ()) -> Sequence[FindingView]:
        await town.live(silent=silent)
        await town.look()
        return await unseen(town)

    await lived()
    (listed,) = await lived(silent=[0])
    # It grows between the list and the word that somebody has looked.
    (grown,) = await lived(silent=[0])
    assert (grown.begin, grown.end - listed.end) == (listed.begin, DAY)
    await see(town, listed)
    assert await unseen(town) == []
    assert await lived(silent=[0]) == []
    assert len(await town.noticed()) == 1
    # It spoke and fell silent again: another one.
    assert await lived() == []
    (again,) = await lived(silent=[0])
    assert again.begin == town.at(4, 23)
    await town.holds()


@pytest.mark.parametrize(
    ("check", "seen", "found", "is_seen"),
    [
        ("VEE-10", (3, 9, 1, 6), (3, 9, 1, 6), True),
        ("VEE-10", (3, 9, 1, 6), (3, 20, 1, 17), True),
        ("VEE-10", (3, 9, 1, 6), (2, 9, 1, 7), False),
        ("VEE-10", (3, 9, 1, 6), (9, 20, 1, 11), False),
        # A look that does not reach back to its begin any more.
        ("VEE-12", (3, 40, 90, 0), (5, 42, 90, 0), True),
        ("VEE-12", (3, 40, 90, 0), (40, 80, 90, 0), False),
        ("VEE-09", (3, 3, 1, 6), (3, 3, 1, 6), True),
        ("VEE-09", (3, 3, 1, 6), (4, 4, 1, 6), False),
        # What holds cuts and has become another one holds them again; so do other checks.
        ("VEE-06", (3, 9, 7, 0), (3, 9, 7, 0), True),
        ("VEE-06", (3, 9, 7, 0), (3, 8, 7, 0), False),
        ("VEE-06", (3, 9, 7, 0), (3, 9, 7, 1), False),
        ("VEE-08", (3, 9, 6, 7), (3, 10, 6, 8), False),
        ("VEE-14", (3, 4, 500, 900), (3, 4, 500, 9_000), False),
    ],
)
async def test_which_findings_are_covered_by_what_was_seen(
    town: Watched, check, seen, found, is_seen
) -> None:
    stops_cut = {each.check_id: each.stops_cut for each in CHECKS}[check]

    async def stands(values: tuple[int, int, int, int]) -> None:
        await town.sql("DELETE FROM finding")
        await town.sql(
            "INSERT INTO finding (meter_id, number, check_id, name, severity, begin_us, end_us, "
            "before, after, unit, stops_cut, count) "
            "VALUES ('m0', 0, $1, 'n', 'warn', $2, $3, $4, $5, 'Wh', $6, 1)",
            check, *values, stops_cut,
        )  # fmt: skip

    await stands(seen)
    (listed,) = await unseen(town)
    await see(town, listed)
    assert await unseen(town) == []
    await stands(found)
    assert len(await unseen(town)) == (not is_seen)
    if stops_cut and not is_seen:
        with pytest.raises(UnknownFinding):
            await see(town, listed)
