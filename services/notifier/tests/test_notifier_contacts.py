"""In which order somebody is reached: pure."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.contacts.values import Channel, Contact, Language, problems_of

PHONE, MAIL = "+8613800138000", "a@home.example"


def contact(*channels: Channel, reads: bool, phone: str | None = PHONE) -> Contact:
    return Contact(uuid4(), Language.EN, MAIL, phone, channels, reads=reads)


@pytest.mark.parametrize(
    ("channels", "phone", "ways"),
    [
        (("email",), PHONE, ("voice", "email")),
        (("sms", "voice"), PHONE, ("voice", "sms")),
        (("voice",), PHONE, ("voice",)),
        # Nobody can call without a number, and who wants no notices is not called.
        (("email",), None, ("email",)),
        ((), PHONE, ()),
    ],
)
def test_who_does_not_read_is_called_first(channels, phone, ways):
    channels = tuple(map(Channel, channels))
    assert contact(*channels, reads=False, phone=phone).ways == ways
    assert contact(*channels, reads=True, phone=phone).ways == channels


@given(st.lists(st.sampled_from(Channel), unique=True), st.booleans())
def test_no_way_is_lost_or_tried_twice(channels, reads):
    made = contact(*channels, reads=reads)
    tried: list[Channel] = []
    while (channel := made.next_channel(tried)) is not None:
        tried.append(channel)
    assert tuple(tried) == made.ways
    assert len(set(tried)) == len(tried)
    assert set(channels) <= set(tried) <= {*channels, Channel.VOICE}


@given(
    st.lists(st.sampled_from(Channel), unique=True),
    st.lists(st.sampled_from(Channel), unique=True),
    st.booleans(),
)
def test_over_some_channels_alone_nobody_is_reached_over_another(has, alone, reads):
    made = contact(*has, reads=reads)
    narrowed = made.over(alone)
    assert set(narrowed.ways) == set(made.ways) & set(alone)
    if not reads and has and Channel.VOICE in alone:
        assert narrowed.ways[0] is Channel.VOICE


def test_who_does_not_read_needs_a_phone():
    (says,) = problems_of(contact(Channel.EMAIL, reads=False, phone=None))
    assert "a phone number is needed" in says
    assert not problems_of(contact(reads=False, phone=None))
