"""Quiet hours: of the customer's zone, with holidays, for what can wait."""

from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.channels.ports import Acceptance
from notifier.contacts.values import Channel
from notifier.deliveries.deliver import Deliver
from notifier.deliveries.quiet import QuietHours
from notifier.deliveries.retries import RetryPolicy
from notifier.deliveries.values import Delivery
from notifier.notices.treatment import NEVER_QUIET
from notifier.notices.values import Template, Text
from notifier.settings import NotifierSettings
from notifier.templates.values import Worded

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
NIGHT = QuietHours(
    begin=time(22),
    end=time(7),
    holiday_end=time(10),
    holidays={date(2026, 10, 1)},
    channels={Channel.SMS},
    excepted=NEVER_QUIET,
)


def until(now: datetime, zone=SHANGHAI, channel=Channel.SMS, template=Template.LOW_BALANCE):
    return NIGHT.until(now, zone=zone, channel=channel, template=template)


@pytest.mark.parametrize(
    ("local", "zone", "ends"),
    [
        ("2026-09-28T21:59", SHANGHAI, None),
        ("2026-09-28T22:00", SHANGHAI, "2026-09-29T07:00"),
        ("2026-09-29T06:59", SHANGHAI, "2026-09-29T07:00"),
        ("2026-09-29T07:00", SHANGHAI, None),
        ("2026-09-30T23:00", SHANGHAI, "2026-10-01T10:00"),
        ("2026-10-01T09:59", SHANGHAI, "2026-10-01T10:00"),
        ("2026-10-01T22:30", SHANGHAI, "2026-10-02T07:00"),
        # Nights of 8 and 10 hours.
        ("2026-03-28T22:00", BERLIN, "2026-03-29T07:00"),
        ("2026-10-24T22:00", BERLIN, "2026-10-25T07:00"),
    ],
)
def test_a_night_is_the_customers(local, zone, ends):
    now = datetime.fromisoformat(local).replace(tzinfo=zone).astimezone(UTC)
    expected = ends and datetime.fromisoformat(ends).replace(tzinfo=zone)
    assert until(now, zone) == expected


def test_what_wakes_nobody_and_what_cannot_wait_go_at_night():
    midnight = datetime(2026, 9, 28, 16, tzinfo=UTC)
    assert until(midnight) is not None
    assert until(midnight, channel=Channel.EMAIL) is None
    for template in Template:
        assert (until(midnight, template=template) is None) == (template in NEVER_QUIET)
    assert {Template.SUPPLY_OFF, Template.BALANCE_EXHAUSTED} <= NEVER_QUIET
    assert Template.LOW_BALANCE not in NEVER_QUIET


@given(
    now=st.integers(1_577_836_800, 1_893_456_000).map(lambda s: datetime.fromtimestamp(s, UTC)),
    zone=st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kolkata"]),
)
def test_quiet_ends_by_itself_in_half_a_day(now, zone):
    ends = until(now, ZoneInfo(zone))
    if ends is not None:
        assert timedelta() < ends - now <= timedelta(hours=13)
        assert until(ends, ZoneInfo(zone)) is None


@pytest.mark.parametrize(
    ("timezone", "waits_h"), [(None, 7), ("Europe/Berlin", None), ("Asia/Urumqi", 9)]
)
async def test_an_sms_waits_for_the_customers_morning(timezone, waits_h):
    """Midnight in Shanghai, six in the evening in Berlin, ten at night in Urumqi."""
    sent = []

    async def send(notice, text) -> Acceptance:
        sent.append(notice)
        return Acceptance()

    midnight = datetime(2026, 9, 28, 16, tzinfo=UTC)
    notice = SimpleNamespace(channel=Channel.SMS, template=Template.LOW_BALANCE, campaign_id=None)
    deliver = Deliver(
        open_deliveries=lambda: None,
        channels={Channel.SMS: SimpleNamespace(send=send)},
        renderer=SimpleNamespace(render=lambda *_, **__: Worded(Text("", "", "text"), 0)),
        retries=RetryPolicy(first_s=1, longest_s=9),
        quiet=NIGHT,
        zone=SHANGHAI,
        timeout_s=60,
        prices={},
        clock=lambda: midnight,
        jitter=lambda: 0.0,
    )
    outcome = await deliver.send(Delivery(notice, "1", 1, midnight, timezone))
    assert outcome.retry_after == (waits_h and timedelta(hours=waits_h))
    assert bool(sent) == (waits_h is None)


def settings(**more) -> NotifierSettings:
    needed = {
        name: "postgresql+asyncpg://x" if "url" in name else "x"
        for name, field in NotifierSettings.model_fields.items()
        if field.is_required()
    }
    return NotifierSettings(**needed, **more)


@pytest.mark.parametrize("hours", [9, 13])
def test_what_would_be_over_before_the_morning_is_refused(hours):
    with pytest.raises(ValueError, match=r"low-balance would be over .* 13 hours"):
        settings(notice_lifetimes_h={"low-balance": hours})


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"notice_lifetimes_h": {"low-balance": 13.1}},
        {"notice_lifetimes_h": {"supply-off": 1}},
        {"notice_lifetimes_h": {"low-balance": 1}, "quiet_begin": None},
        {"notice_lifetimes_h": {"low-balance": 1}, "quiet_except": [*NEVER_QUIET, "low-balance"]},
        {
            "notice_lifetimes_h": {"low-balance": 8},
            "quiet_end": "05:00",
            "quiet_holiday_end": "05:00",
        }
        | {"quiet_begin": "23:00"},
    ],
)
def test_what_has_time_until_the_morning_is_taken(more):
    assert settings(**more).lifetimes
