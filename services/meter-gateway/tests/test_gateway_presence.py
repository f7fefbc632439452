"""What is known of a meter's presence after it was heard of, as tables and without I/O."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meter_gateway.presence.rules import Known, News, SignOfLife, Status, after
from prewatt_common.contracts.base import Presence

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
ON, OFF = Presence.ONLINE, Presence.OFFLINE


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def status(presence: Presence, seconds: float, session: str | None = None) -> Status:
    return Status(presence=presence, session=session, at=at(seconds), retained=False)


def retained(presence: Presence, seconds: float, session: str | None = None) -> Status:
    return Status(presence=presence, session=session, at=at(seconds), retained=True)


def alive(seconds: float) -> SignOfLife:
    return SignOfLife(at=at(seconds))


@pytest.mark.parametrize(
    ("news", "presence"),
    [
        ([], None),
        ([status(ON, 0)], ON),
        ([status(ON, 0), status(OFF, 1)], OFF),
        # A reading shows that the meter is there, however its last will came about.
        ([status(ON, 0), status(OFF, 1), alive(2)], ON),
        ([status(ON, 0), status(OFF, 1), alive(1)], ON),
        # One that was sent before it went, and handled after that, does not.
        ([status(ON, 0), status(OFF, 2), alive(1)], OFF),
        # Who has no last will never goes, so it is not said to be there either.
        ([alive(1)], None),
        # A dead session's will, after the meter has come back over another connection.
        ([status(ON, 0, "a"), status(ON, 20, "b"), status(OFF, 100, "a")], ON),
        ([status(ON, 0, "a"), status(ON, 20, "b"), status(OFF, 100, "b")], OFF),
        # Taken over with the same client id: the will comes first, or is handled last.
        ([status(ON, 0, "a"), status(OFF, 20, "a"), status(ON, 20, "b")], ON),
        ([status(ON, 0, "a"), status(ON, 21, "b"), status(OFF, 20, "a")], ON),
        ([status(ON, 0), status(OFF, 20), status(ON, 20)], ON),
        ([status(ON, 0), status(ON, 21), status(OFF, 20)], ON),
        # One of the two does not name its session: it says what it says.
        ([status(ON, 0, "a"), status(OFF, 1)], OFF),
        ([status(ON, 0), status(OFF, 1, "a")], OFF),
        # An old retained status is no news, but for a meter that nothing is known of.
        ([retained(OFF, 0)], OFF),
        ([retained(OFF, 0), retained(ON, 10)], ON),
        ([retained(OFF, 0), alive(0)], ON),
        ([retained(OFF, 0), status(ON, 0)], ON),
        ([status(ON, 0), retained(OFF, 10)], ON),
        ([status(OFF, 0), retained(ON, 10)], OFF),
        ([status(ON, 0), status(OFF, 1), alive(2), retained(OFF, 3)], ON),
    ],
)
def test_presence_after_news(news: list[News], presence: Presence | None) -> None:
    assert after(Known(), news).presence is presence


seconds = st.integers(min_value=0, max_value=50)
sessions = st.none() | st.sampled_from(["a", "b", "c"])
any_news = st.lists(
    st.builds(
        Status,
        presence=st.sampled_from(Presence),
        session=sessions,
        at=seconds.map(at),
        retained=st.booleans(),
    )
    | st.builds(SignOfLife, at=seconds.map(at))
)


@given(any_news)
def test_a_message_younger_than_all_others_shows_that_the_meter_is_there(
    news: list[News],
) -> None:
    assert after(after(Known(), news), [alive(51)]).presence is not OFF


@given(any_news, any_news)
def test_it_is_all_the_same_whether_news_come_at_once_or_in_two_batches(
    first: list[News], second: list[News]
) -> None:
    assert after(after(Known(), first), second) == after(Known(), [*first, *second])
