"""A command's life without I/O: when it is sent again, and what it is when it arrives."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meter_gateway.commands.rules import (
    WAIT_AT_BROKER_MAX,
    next_attempt_at,
    status_on_arrival,
    transmission,
)
from prewatt_common.contracts.base import CommandStatus, RelayAction

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 2), (2, 4), (3, 8), (5, 32), (6, 60), (7, 60), (10_000, 60)]
)
def test_a_command_without_answer_is_sent_again_ever_later(attempts: int, seconds: int) -> None:
    again = next_attempt_at(now=NOW, attempts=attempts, first=2 * SECOND, longest=60 * SECOND)
    assert again == NOW + seconds * SECOND


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


@given(
    attempts=st.integers(min_value=1, max_value=10**9),
    first_s=st.floats(min_value=0.001, max_value=100),
    longest_s=st.floats(min_value=0.001, max_value=1000),
)
def test_the_next_attempt_is_ahead_and_never_beyond_the_longest_wait(
    attempts: int, first_s: float, longest_s: float
) -> None:
    again = next_attempt_at(
        now=NOW,
        attempts=attempts,
        first=timedelta(seconds=first_s),
        longest=timedelta(seconds=longest_s),
    )
    assert NOW < again <= NOW + timedelta(seconds=longest_s)


@given(
    action=st.sampled_from(RelayAction),
    attempts=st.integers(min_value=1, max_value=10**6),
    life_s=st.floats(min_value=0.001, max_value=1e6),
    resends_s=st.tuples(
        st.floats(min_value=1, max_value=100), st.floats(min_value=1, max_value=1000)
    ),
    valid_s=st.floats(min_value=1, max_value=60),
)
def test_a_copy_is_gone_before_the_next_one_and_before_the_commands_end(
    action: RelayAction,
    attempts: int,
    life_s: float,
    resends_s: tuple[float, float],
    valid_s: float,
) -> None:
    expires_at = NOW + timedelta(seconds=life_s)
    copy = transmission(
        action=action,
        expires_at=expires_at,
        now=NOW,
        attempts=attempts,
        first=timedelta(seconds=resends_s[0]),
        longest=timedelta(seconds=resends_s[1]),
        cut_valid_for=timedelta(seconds=valid_s),
    )
    gone_at = NOW + timedelta(seconds=copy.expiry_s)
    assert gone_at <= min(copy.again_at, expires_at, NOW + WAIT_AT_BROKER_MAX)
    if action is RelayAction.RECONNECT:
        assert copy.not_after is None
    else:
        assert copy.not_after is not None
        assert NOW < copy.not_after <= min(expires_at, NOW + timedelta(seconds=60))
