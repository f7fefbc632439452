"""What a broker's figures of dropped messages tell, case by case."""

from datetime import UTC, datetime, timedelta

import pytest

from meter_gateway.broker_drops.drops import EPISODE_GAP, Drops, averaged, noticed

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOON = NOW - timedelta(minutes=1)
LONG_AGO = NOW - EPISODE_GAP - timedelta(seconds=1)


@pytest.mark.parametrize(
    ("before", "counted", "after"),
    [
        pytest.param(Drops(), 0, Drops(0), id="a broker that never dropped"),
        pytest.param(Drops(), 70, Drops(70), id="what was dropped before we looked is no news"),
        pytest.param(Drops(None, 9, SOON, 9), 9, Drops(9, 9, SOON), id="averaged, then counted"),
        pytest.param(Drops(0), 0, Drops(0), id="still none"),
        pytest.param(Drops(0), 500, Drops(500, 500, NOW), id="some"),
        pytest.param(Drops(500, 500, SOON), 500, Drops(500, 500, SOON), id="no more"),
        pytest.param(Drops(500, 500, SOON), 510, Drops(510, 510, NOW), id="the same episode"),
        pytest.param(Drops(500, 500, LONG_AGO), 510, Drops(510, 10, NOW), id="another episode"),
        pytest.param(Drops(500), 0, Drops(0), id="started again"),
        pytest.param(Drops(500, 500, SOON), 0, Drops(0, 500, SOON), id="started again, soon"),
        pytest.param(Drops(500), 30, Drops(30, 30, NOW), id="started again, and dropped"),
        pytest.param(
            Drops(0, 450, SOON, 450), 500, Drops(500, 500, NOW), id="an estimate is made exact"
        ),
        pytest.param(
            Drops(0, 450, LONG_AGO, 450), 500, Drops(500, 50, NOW), id="what an estimate missed"
        ),
        pytest.param(
            Drops(0, 450, SOON, 450), 440, Drops(440, 450, SOON), id="an estimate was enough"
        ),
    ],
)
def test_what_a_count_tells(before, counted, after):
    assert noticed(before, counted=counted, now=NOW) == after


@pytest.mark.parametrize(
    ("before", "per_minute", "after"),
    [
        pytest.param(Drops(0), 0.0, Drops(0), id="none"),
        pytest.param(Drops(), 0.0, Drops(), id="a broker that has said nothing else"),
        pytest.param(Drops(), 10.0, Drops(None, 150, NOW, 150), id="one that has, lately"),
        pytest.param(Drops(0), 0.3, Drops(0), id="too few to be sure of"),
        pytest.param(Drops(0), 30.0, Drops(0, 450, NOW, 450), id="while we were away"),
        pytest.param(Drops(500, 500, SOON), 31.2, Drops(500, 500, SOON), id="those we know"),
        pytest.param(Drops(500, 500, LONG_AGO), 12.3, Drops(500, 500, LONG_AGO), id="those, faded"),
        pytest.param(
            Drops(500, 100, LONG_AGO), 32.45, Drops(500, 450, NOW, 450), id="more than we know"
        ),
        pytest.param(Drops(0, 450, SOON, 450), 28.0, Drops(0, 450, SOON, 450), id="told already"),
    ],
)
def test_what_an_average_tells(before, per_minute, after):
    assert averaged(before, per_minute=per_minute, now=NOW) == after
