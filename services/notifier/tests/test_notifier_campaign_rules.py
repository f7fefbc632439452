"""Campaigns: how they go on, who is left out, how fast and when, and how shares are compared."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.campaigns.measures import SHOWN_FROM, difference, share, shown
from notifier.campaigns.planning import Known, cause_of, plan_turn, zones_now
from notifier.campaigns.results import ChannelCounts, shown_channel
from notifier.campaigns.rules import after, due, hours, new_member, next_state, said_over, zones_at
from notifier.campaigns.values import (
    Campaign,
    CampaignState,
    Skipped,
    Terms,
    Waiting,
    What,
    Window,
)
from notifier.contacts.consents import Purpose
from notifier.contacts.values import Channel, Contact, Language
from notifier.deliveries.quiet import QuietHours
from notifier.notices.values import Priority, Status, Template

AT = datetime(2026, 3, 1, 4, tzinfo=UTC)
WINDOW = Window(date(2026, 3, 1), date(2026, 3, 3), time(9), time(20))
ENDED = {CampaignState.ENDED, CampaignState.CANCELLED}
whats = st.sampled_from([each for each in What if each is not What.DRAFTED])


def terms(**changes) -> Terms:
    given_ = {
        "name": "n",
        "purpose": Purpose.NEWS,
        "channels": (Channel.SMS, Channel.EMAIL),
        "segment": None,
        "window": WINDOW,
        "per_minute": 60,
        "holdout_ppm": 100_000,
        "seed": 0,
        "respond_days": 14,
    }
    return Terms(**given_ | changes)


def campaign(**changes) -> Campaign:
    return Campaign(
        id=uuid4(),
        terms=terms(**changes),
        state=CampaignState.RUNNING,
        drafted_by="li",
        drafted_at=AT,
    )


@given(st.lists(whats, max_size=30))
def test_whatever_happens_nobody_is_told_without_a_second_person_and_an_end_is_an_end(steps):
    state, happened = CampaignState.DRAFT, []
    for what in steps:
        after_ = next_state(state, what)
        if after_ is None:
            continue
        assert state not in ENDED
        happened.append(what)
        state = after_
        if state in (CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.ENDED):
            order = [What.APPROVED, What.FROZEN, What.STARTED]
            assert [each for each in happened if each in order] == order
        if state is CampaignState.PAUSED:
            assert happened.count(What.PAUSED) == happened.count(What.RESUMED) + 1
    assert (What.CANCELLED in happened) == (state is CampaignState.CANCELLED)


@pytest.mark.parametrize("state", CampaignState)
def test_whatever_is_not_over_can_be_cancelled(state):
    assert (next_state(state, What.CANCELLED) is not None) == (state not in ENDED)


@given(campaign_id=st.uuids(), seed=st.integers(0, 2**63 - 1), number=st.text(min_size=1))
def test_a_lot_is_the_same_whenever_it_is_drawn(campaign_id, seed, number):
    first = new_member(campaign_id, terms(seed=seed), number)
    assert first == new_member(campaign_id, terms(seed=seed), number)
    assert 0 <= first.place < 2**63
    assert not new_member(campaign_id, terms(seed=seed, holdout_ppm=0), number).held_out
    # A larger share leaves out the same and more.
    more = new_member(campaign_id, terms(seed=seed, holdout_ppm=500_000), number)
    assert more.held_out or not first.held_out


@pytest.mark.parametrize("percent", [1, 10, 50, 90])
def test_about_so_many_are_left_out_and_the_order_has_nothing_to_do_with_it(percent):
    of = 20_000
    made = [new_member(UUID(int=7), terms(holdout_ppm=percent * 10_000), str(n)) for n in range(of)]
    expected = of * percent / 100
    deviation = (expected * (1 - percent / 100)) ** 0.5
    assert abs(sum(each.held_out for each in made) - expected) < 5 * deviation
    first = sorted(made, key=lambda each: each.place)[: of // 2]
    assert abs(sum(each.held_out for each in first) - expected / 2) < 5 * deviation
    other = [new_member(UUID(int=7), terms(seed=1), str(n)).place for n in range(20)]
    assert other != [each.place for each in made[:20]]


@given(
    per_minute=st.integers(1, 60_000),
    steps=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 600)), max_size=40),
)
def test_never_more_than_the_pace_and_five_seconds_of_it(per_minute, steps):
    """Whoever calls late, or tells fewer than they might."""
    now, next_at, told = AT, AT, 0
    for ms, wanted in steps:
        now += timedelta(milliseconds=ms)
        begun = due(per_minute=per_minute, next_at=next_at, now=now, most=wanted)
        assert 0 <= begun.most <= wanted
        some = begun.most - begun.most // 3
        if begun.most:
            next_at = after(begun, some, per_minute=per_minute)
        told += some
        seconds = (now - AT).total_seconds() + 5
        assert told <= seconds * per_minute / 60 + 1


def test_a_pace_is_kept():
    next_at, told = AT, 0
    for second in range(600):
        now = AT + timedelta(seconds=second)
        begun = due(per_minute=90, next_at=next_at, now=now, most=500)
        next_at, told = begun.next_at, told + begun.most
    assert abs(told - 900) <= 8


@pytest.mark.parametrize(
    ("zone", "local", "expected"),
    [
        ("Asia/Shanghai", "2026-03-01 08:59", "later"),
        ("Asia/Shanghai", "2026-03-01 09:00", "open"),
        ("Asia/Shanghai", "2026-03-01 19:59", "open"),
        ("Asia/Shanghai", "2026-03-01 20:00", "later"),
        ("Asia/Shanghai", "2026-02-28 12:00", "later"),
        ("Asia/Shanghai", "2026-03-03 19:59", "open"),
        ("Asia/Shanghai", "2026-03-03 20:00", "over"),
        ("Pacific/Kiritimati", "2026-03-03 20:00", "over"),
        ("America/Los_Angeles", "2026-03-03 19:59", "open"),
    ],
)
def test_a_window_is_the_customers(zone, local, expected):
    now = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    found = hours(WINDOW, ZoneInfo(zone), now)
    assert found.is_over == (expected == "over")
    assert (found.closes_at is not None) == (expected == "open")
    if found.closes_at is not None:
        assert found.closes_at.astimezone(ZoneInfo(zone)).time() == time(20)


@pytest.mark.parametrize(("day", "hours_"), [(28, 2.0), (29, 1.0)])
def test_hours_that_a_clock_change_cuts_short(day, hours_):
    """In Berlin 2026-03-29 has no hour from two to three."""
    window = Window(date(2026, 3, day), date(2026, 3, day), time(1), time(3))
    berlin = ZoneInfo("Europe/Berlin")
    begin = datetime(2026, 3, day, 0, tzinfo=UTC)
    found = hours(window, berlin, begin)
    assert found.closes_at == begin + timedelta(hours=hours_)


@given(
    minutes=st.integers(-5 * 1440, 5 * 1440),
    zones=st.sets(
        st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kolkata"])
    ),
)
def test_a_zone_is_open_or_over_or_neither(minutes, zones):
    now = AT + timedelta(minutes=minutes)
    found = zones_at(WINDOW, sorted(zones), now)
    assert not set(found.open_until) & set(found.over)
    assert set(found.open_until) | set(found.over) <= zones
    assert all(now < at <= now + timedelta(hours=12) for at in found.open_until.values())


@pytest.mark.parametrize(
    ("local", "channels", "told"),
    [
        ("2026-03-02 07:30", (Channel.EMAIL,), True),
        ("2026-03-02 06:30", (Channel.EMAIL,), True),
        ("2026-03-02 06:30", (Channel.EMAIL, Channel.SMS), False),
        ("2026-03-02 07:30", (Channel.SMS,), True),
        # A holiday's morning is quiet for longer.
        ("2026-03-03 07:30", (Channel.SMS,), False),
        ("2026-03-03 10:00", (Channel.SMS,), True),
        ("2026-03-02 22:30", (Channel.SMS,), False),
    ],
)
def test_quiet_hours_hold_besides_its_own(local, channels, told):
    night = QuietHours(
        begin=time(22), end=time(7), holiday_end=time(10), holidays={date(2026, 3, 3)},
        channels={Channel.SMS}, excepted=frozenset(),
    )  # fmt: skip
    window = Window(date(2026, 3, 1), date(2026, 3, 3), time(6), time(23))
    now = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    zones = ["Asia/Shanghai", "America/Los_Angeles"]
    found = zones_now(terms(window=window, channels=channels), zones, night, now.astimezone(UTC))
    assert ("Asia/Shanghai" in found.open_until) == told
    assert not found.over


def waiting(number: str, *, held_out: bool = False, position: int = 0) -> Waiting:
    account_id = UUID(int=int(number))
    return Waiting(number, account_id, "Asia/Shanghai", held_out, position)


def known(*contacts: Contact, **changes) -> Known:
    given_ = {
        "contacts": {each.account_id: each for each in contacts},
        "declined": {},
        "nobody_declined": (),
        "channels": [Channel.SMS, Channel.EMAIL],
        "texts": {(Language.EN, Channel.SMS), (Language.EN, Channel.EMAIL)},
        "fallback": Language.EN,
        "open_until": {"Asia/Shanghai": AT + timedelta(hours=8)},
        "lifetime": timedelta(hours=24),
    }
    return Known(**given_ | changes)


def contact(number: int, *channels: Channel, language: Language = Language.EN) -> Contact:
    return Contact(UUID(int=number), language, "li@example.com", "+8613800000000", channels)


def test_each_is_told_left_out_or_skipped_with_its_reason():
    all_ = (Channel.LOG, Channel.EMAIL, Channel.SMS)
    found = known(
        contact(1, *all_), contact(2, *all_), contact(3, Channel.LOG), contact(4, *all_),
        contact(6, *all_, language=Language.ZH_CN), contact(7, *all_),
        declined={UUID(int=4): {Purpose.NEWS}},
    )  # fmt: skip
    members = [
        waiting("1"), waiting("2", held_out=True), waiting("3", held_out=True),
        waiting("4", held_out=True), waiting("5"), waiting("6", position=2), waiting("7"),
    ]  # fmt: skip
    made = campaign()
    turn = plan_turn(made, members, found, most=2, now=AT)
    assert (turn.told, turn.held_out) == (["1", "6"], ["2"])
    # Whoever is left out would have been told.
    assert turn.skipped == {
        "3": Skipped.NO_CHANNEL,
        "4": Skipped.NO_CONSENT,
        "5": Skipped.NO_CHANNEL,
    }
    one, six = turn.notices
    assert (one.channel, one.template, one.status) == (
        Channel.SMS,
        Template.CAMPAIGN_NEWS,
        Status.QUEUED,
    )
    assert (one.priority, one.campaign_id) == (Priority.CAMPAIGN, made.id)
    assert max(Priority) is Priority.CAMPAIGN
    assert one.expires_at == AT + timedelta(hours=8)
    assert one.cause_id == cause_of(made.id, UUID(int=1)) != six.cause_id
    # Nobody has given its words in Chinese: it is said in those that there are.
    assert (six.language, six.position) == (Language.EN, 2)
    again = plan_turn(made, members[:1], found, most=1, now=AT).notices[0]
    assert again.id == one.id


def test_offers_go_to_nobody_who_has_not_agreed():
    found = known(
        contact(1, Channel.SMS), contact(2, Channel.SMS),
        declined={UUID(int=2): ()}, nobody_declined={Purpose.CAMPAIGNS},
    )  # fmt: skip
    made = campaign(purpose=Purpose.CAMPAIGNS)
    turn = plan_turn(made, [waiting("1"), waiting("2")], found, most=9, now=AT)
    assert (turn.told, turn.skipped) == (["2"], {"1": Skipped.NO_CONSENT})


@given(
    members=st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=30),
    most=st.integers(0, 10),
)
def test_nobody_is_passed_over(members, most):
    """Whatever is decided is of the first ones in order, and once of each."""
    some = [waiting(str(n), held_out=held) for n, (held, _, _) in enumerate(members)]
    found = known(
        *(contact(n, Channel.SMS) for n, (_, has, _) in enumerate(members) if has),
        declined={UUID(int=n): {Purpose.NEWS} for n, (*_, no) in enumerate(members) if no},
    )
    turn = plan_turn(campaign(), some, found, most=most, now=AT)
    decided = [*turn.told, *turn.held_out, *turn.skipped]
    assert max(Counter(decided).values(), default=1) == 1
    assert {*decided} == {each.number for each in some[: len(decided)]}
    assert len(turn.told) == len(turn.notices) <= most
    if len(decided) < len(some):
        assert len(turn.told) == most


def test_a_channel_without_a_text_in_the_common_language_is_not_used():
    texts = {(Language.ZH_CN, Channel.SMS), (Language.EN, Channel.EMAIL)}
    channels = [Channel.SMS, Channel.EMAIL]
    assert said_over(channels, texts, Language.EN) == [Channel.EMAIL]


@given(count=st.integers(0, 500), more=st.integers(0, 500))
def test_an_interval_holds_its_share(count, more):
    found = share(count, count + more)
    if found.of:
        assert found.low_ppm is not None
        assert found.high_ppm is not None
        assert 0 <= found.low_ppm <= found.ppm <= found.high_ppm <= 1_000_000
        same = difference(found, found)
        assert same is not None
        assert same.low_ppm <= 0 <= same.high_ppm
    else:
        assert difference(found, share(1, 2)) is None


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    # Newcombe 1998, table II, method 10: contrasts (a), (b), (c), (d), (e).
    [
        ((56, 70), (48, 80), 52_400, 333_900),
        ((9, 10), (3, 10), 170_500, 809_000),
        ((6, 7), (2, 7), 58_200, 806_200),
        ((5, 56), (0, 29), -38_100, 192_600),
        ((0, 10), (0, 20), -161_100, 277_500),
    ],
)
def test_differences_are_those_of_the_paper(one, other, low, high):
    found = difference(share(*one), share(*other))
    assert found is not None
    assert abs(found.low_ppm - low) < 100
    assert abs(found.high_ppm - high) < 100


def test_small_numbers_of_a_channel_are_not_shown():
    assert [shown(n) for n in (0, 1, SHOWN_FROM - 1, SHOWN_FROM)] == [0, None, None, SHOWN_FROM]
    counts = ChannelCounts(
        channel=Channel.SMS, tried=40, accepted=37, delivered=30, failed=3, segments=45
    )
    assert shown_channel(counts) == {
        "tried": 40, "accepted": 37, "delivered": 30, "failed": None, "segments": None,
    }  # fmt: skip
