"""When a replica counts as running."""

from datetime import UTC, datetime

import pytest

from meter_gateway.replicas.replica import GONE_S, Replica


@pytest.mark.parametrize(("silent_s", "runs"), [(0, True), (GONE_S - 0.1, True), (GONE_S, False)])
def test_a_replica_runs_while_it_was_seen_a_moment_ago(silent_s, runs):
    seen_at = datetime(2026, 3, 2, tzinfo=UTC)
    assert Replica(name="a", seen_at=seen_at, silent_s=silent_s).runs is runs
