"""A command's life without I/O: what it is when it arrives, how long a copy lasts, how it ends."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meter_gateway.commands.rules import (
    FINISHED,
    STATUS_OF,
    WAIT_AT_BROKER_MAX,
    broker_expiry_s,
    status_on_arrival,
)
from prewatt_common.contracts.base import CommandStatus
from prewatt_common.contracts.mqtt_v1 import MqttOutcome

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("sequence", "newest", "life_s", "status"),
    [
        (1, None, 60, CommandStatus.ISSUED),
        (2, 1, 60, CommandStatus.ISSUED),
        (2, 2, 60, CommandStatus.ISSUED),
        (1, 2, 60, CommandStatus.SUPERSEDED),
        (1, 2, -60, CommandStatus.SUPERSEDED),
        (1, None, 0, CommandStatus.EXPIRED),
        (3, 2, -1, CommandStatus.EXPIRED),
    ],
)
def test_what_a_command_is_on_arrival(
    sequence: int, newest: int | None, life_s: int, status: CommandStatus
) -> None:
    assert (
        status_on_arrival(
            sequence=sequence,
            newest_sequence=newest,
            expires_at=NOW + life_s * SECOND,
            now=NOW,
        )
        is status
    )


@given(life_s=st.floats(min_value=-1e6, max_value=1e6))
def test_a_copy_is_gone_within_a_minute_and_before_the_commands_end(life_s: float) -> None:
    left = timedelta(seconds=life_s)
    kept_for = broker_expiry_s(expires_at=NOW + left, now=NOW) * SECOND
    assert kept_for <= WAIT_AT_BROKER_MAX
    assert kept_for <= max(left, 0 * SECOND)
    assert kept_for > min(left, WAIT_AT_BROKER_MAX) - SECOND


def test_every_answer_ends_its_command() -> None:
    assert STATUS_OF.keys() == set(MqttOutcome)
    assert set(STATUS_OF.values()) <= FINISHED
