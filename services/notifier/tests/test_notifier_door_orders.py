"""When somebody is sent to the door with a notice, and when that is over: rules."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from notifier.contacts.values import Channel, Language
from notifier.door_orders.postgres import _UNREACHED
from notifier.door_orders.rules import calls_for_order, how_ended
from notifier.door_orders.values import ORDERED, Occurrence, Standing, Try
from notifier.notices.values import Status, Template
from notifier.settings import NotifierSettings
from prewatt_common.contracts.notice_events_v1 import DoorOrderEnd

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AFTER = timedelta(hours=4)
ID = UUID(int=1)
FAILED = Try(Channel.SMS, Status.FAILED)
STANDING = Standing(
    occurrence=Occurrence(ID, ID, Template.LOW_BALANCE),
    notice_id=ID,
    language=Language.EN,
    tries=(FAILED, Try(Channel.EMAIL, Status.BOUNCED)),
    overtaken=False,
    tried_until=NOW - AFTER,
    expires_at=NOW + timedelta(hours=1),
    door_id=None,
    order_id=None,
)


def of(template: Template) -> Standing:
    return replace(STANDING, occurrence=Occurrence(ID, ID, template))


def tried(channel: Channel, status: Status) -> Standing:
    return replace(STANDING, tries=(FAILED, Try(channel, status)))


@pytest.mark.parametrize(
    ("standing", "sent"),
    [
        (STANDING, True),
        (of(Template.BALANCE_EXHAUSTED), True),
        (of(Template.PAYMENT_REMINDER), True),
        (of(Template.SUPPLY_OFF), False),
        (of(Template.DEBT_OWED), False),
        (of(Template.NOMINATED_LOW_BALANCE), False),
        (tried(Channel.EMAIL, Status.EXPIRED), True),
        (tried(Channel.LOG, Status.SUPPRESSED), True),
        (tried(Channel.SMS, Status.DECLINED), True),
        (tried(Channel.LOG, Status.DELIVERED), True),
        (tried(Channel.EMAIL, Status.QUEUED), False),
        (tried(Channel.EMAIL, Status.SENDING), False),
        (tried(Channel.EMAIL, Status.ACCEPTED), False),
        (tried(Channel.EMAIL, Status.DELIVERED), False),
        (replace(STANDING, overtaken=True), False),
        (replace(STANDING, door_id=ID), False),
        (replace(STANDING, order_id=ID), False),
        (replace(STANDING, tried_until=None), False),
        (replace(STANDING, tried_until=NOW - AFTER + timedelta(seconds=1)), False),
        (replace(STANDING, expires_at=NOW), False),
    ],
)
def test_somebody_is_sent_with_what_no_channel_brought(standing: Standing, sent: bool) -> None:
    assert calls_for_order(standing, after=AFTER, now=NOW) is sent


BROUGHT = replace(STANDING, door_id=ID, order_id=ID)


@pytest.mark.parametrize(
    ("standing", "end"),
    [
        (STANDING, None),
        (tried(Channel.SMS, Status.QUEUED), None),
        (tried(Channel.SMS, Status.ACCEPTED), None),
        (tried(Channel.LOG, Status.DELIVERED), None),
        (tried(Channel.SMS, Status.DELIVERED), DoorOrderEnd.REACHED),
        (replace(STANDING, overtaken=True), DoorOrderEnd.OVERTAKEN),
        (replace(STANDING, expires_at=NOW), DoorOrderEnd.LAPSED),
        (replace(tried(Channel.SMS, Status.DELIVERED), expires_at=NOW), DoorOrderEnd.REACHED),
        (replace(STANDING, overtaken=True, expires_at=NOW), DoorOrderEnd.OVERTAKEN),
        (BROUGHT, DoorOrderEnd.BROUGHT),
        (replace(BROUGHT, overtaken=True, expires_at=NOW), DoorOrderEnd.BROUGHT),
    ],
)
def test_an_order_ends_by_itself(standing: Standing, end: DoorOrderEnd | None) -> None:
    assert how_ended(standing, now=NOW) is end


standings = st.builds(
    replace,
    st.just(STANDING),
    tries=st.lists(st.builds(Try, st.sampled_from(Channel), st.sampled_from(Status))).map(tuple),
    overtaken=st.booleans(),
    tried_until=st.none() | st.integers(-9, 9).map(lambda h: NOW + timedelta(hours=h)),
    expires_at=st.integers(-9, 9).map(lambda h: NOW + timedelta(hours=h)),
    door_id=st.none() | st.just(ID),
)


@given(standing=standings, after_h=st.integers(0, 9))
def test_nobody_is_sent_for_what_would_end_at_once(standing: Standing, after_h: int) -> None:
    if calls_for_order(standing, after=timedelta(hours=after_h), now=NOW):
        assert how_ended(standing, now=NOW) is None


def test_the_query_looks_for_what_there_are_orders_of() -> None:
    named = ", ".join(f"'{each}'" for each in Template if each in ORDERED)
    assert f"template IN ({named})" in _UNREACHED


def settings(**changes) -> NotifierSettings:
    return NotifierSettings.model_validate(
        {
            "database_url": "postgresql+asyncpg://notifier@127.0.0.1/notifier",
            "kafka_bootstrap": "127.0.0.1:1",
            "auth_public_key": "x",
            **changes,
        }
    )


def test_nobody_is_sent_unless_the_utility_says_so() -> None:
    assert settings().door_order_policy.after is None
    assert settings(door_notice_after_h=6).door_order_policy.after == timedelta(hours=6)


def test_a_policy_by_which_nobody_would_ever_be_sent_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"balance-exhausted, low-balance would be over"):
        settings(door_notice_after_h=72)
    lifetimes = {"low-balance": 100, "balance-exhausted": 100}
    assert settings(door_notice_after_h=72, notice_lifetimes_h=lifetimes)
