"""When a mandate asks for money, and what becomes of its requests."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.mandates.rules import (
    Armed,
    Ask,
    Later,
    Never,
    after_nothing,
    after_paid,
    answered,
    asks_for_more,
    closed,
    counts_as_failure,
    looks_like_a_card,
    may_become,
    may_send,
    next_month,
    next_of,
    sending,
    unanswered,
    why_not,
)
from prepay_ledger.mandates.values import (
    CAME_TO_NOTHING,
    COUNTED,
    OPEN,
    Consent,
    Mandate,
    MandateState,
    Month,
    RequestState,
    Standing,
    Terms,
    TopUpPolicy,
    TopUpRequest,
    Waits,
)
from prepay_ledger.payment_requests.values import Accepted, NoAnswer, Refused
from prewatt_metering.calendar.instants import us_of
from prewatt_metering.calendar.local import LocalCalendar

TODAY = date(2026, 3, 15)
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
POLICY = TopUpPolicy()
TERMS = Terms(
    threshold_micro=20,
    amount_micro=100,
    month_micro_max=300,
    month_requests_max=3,
    valid_from=date(2026, 3, 1),
    valid_until=None,
)
CONSENT = Consent(by="the customer", reference="paper-1", at=NOW - timedelta(days=20))
MANDATE = Mandate(
    id=uuid4(),
    account_id=uuid4(),
    provider="demo",
    reference="m-1",
    terms=TERMS,
    consent=CONSENT,
    state=MandateState.ACTIVE,
    state_reason="",
    failures=0,
    retry_on=None,
    waits=None,
    look_at=None,
)
LOW = Standing(
    balance_micro=20,
    today=TODAY,
    has_meter=True,
    is_disputed=False,
    has_open=False,
    month=Month(),
)
REQUEST = TopUpRequest(
    id=uuid4(),
    mandate_id=MANDATE.id,
    account_id=MANDATE.account_id,
    provider="demo",
    reference="m-1",
    amount_micro=100,
    currency="CNY",
    requested_on=TODAY,
    requested_at=NOW,
    state=RequestState.REQUESTED,
    code="",
    payment_id="",
    sends=0,
    send_at=NOW,
    answer_by=None,
    closed_at=None,
)
APRIL = date(2026, 4, 1)


@pytest.mark.parametrize(
    ("mandate", "standing", "expected"),
    [
        ({}, {}, Ask()),
        ({}, {"balance_micro": -500}, Ask()),
        ({}, {"balance_micro": 21}, Armed()),
        ({"state": MandateState.SUSPENDED}, {}, Never()),
        ({"state": MandateState.ENDED}, {}, Never()),
        ({"terms": replace(TERMS, valid_until=TODAY)}, {}, Never()),
        ({"terms": replace(TERMS, valid_until=date(2026, 3, 16))}, {}, Ask()),
        (
            {"terms": replace(TERMS, valid_from=APRIL)},
            {},
            Later(Waits.NOT_YET_VALID, APRIL),
        ),
        ({}, {"has_open": True}, Later(Waits.REQUEST_OPEN, None)),
        ({}, {"has_open": True, "balance_micro": 21}, Armed()),
        ({}, {"has_meter": False}, Later(Waits.NO_METER, None)),
        ({}, {"is_disputed": True}, Later(Waits.DISPUTED, None)),
        (
            {"retry_on": date(2026, 3, 16)},
            {},
            Later(Waits.LATER_DAY, date(2026, 3, 16)),
        ),
        ({"retry_on": TODAY}, {}, Ask()),
        ({}, {"month": Month(counted=3, counted_micro=3)}, Later(Waits.MONTH_REACHED, APRIL)),
        ({}, {"month": Month(counted=1, counted_micro=201)}, Later(Waits.MONTH_REACHED, APRIL)),
        ({}, {"month": Month(counted=2, counted_micro=200)}, Ask()),
        ({}, {"month": Month(nothing=3)}, Later(Waits.REFUSED_TOO_OFTEN, APRIL)),
        ({}, {"month": Month(nothing=2)}, Ask()),
    ],
)
def test_when_money_is_asked_for(mandate, standing, expected) -> None:
    assert next_of(replace(MANDATE, **mandate), replace(LOW, **standing), POLICY) == expected


@pytest.mark.parametrize(
    ("mandate", "standing", "why"),
    [
        ({}, {}, None),
        ({"state": MandateState.ENDED}, {}, "mandate-ended"),
        ({}, {"balance_micro": 21}, "balance-restored"),
        ({}, {"has_meter": False}, "no-meter"),
        ({}, {"is_disputed": True}, "disputed"),
        ({}, {"today": APRIL}, "month-over"),
    ],
)
def test_what_was_not_sent_may_be_withdrawn(mandate, standing, why) -> None:
    found = may_send(replace(MANDATE, **mandate), REQUEST, replace(LOW, **standing))
    assert found == why


@pytest.mark.parametrize(
    ("changed", "more"),
    [
        ({}, False),
        ({"amount_micro": 101}, True),
        ({"amount_micro": 99}, False),
        ({"threshold_micro": 21}, True),
        ({"month_micro_max": 301}, True),
        ({"month_requests_max": 4}, True),
        ({"valid_from": date(2026, 2, 28)}, True),
        ({"valid_until": date(2027, 1, 1)}, False),
    ],
)
def test_what_needs_new_consent(changed, more) -> None:
    assert asks_for_more(TERMS, replace(TERMS, **changed)) is more
    ends = replace(TERMS, valid_until=date(2026, 6, 1))
    assert asks_for_more(ends, replace(ends, valid_until=None))


@pytest.mark.parametrize(
    ("text", "is_card"),
    [
        ("4111111111111111", True),
        ("4111 1111 1111 1111", True),
        ("card 5500-0000-0000-0004!", True),
        ("4111111111111112", False),
        ("pm_1NxA2z", False),
        ("123456789012", False),
        ("00000000000000000000", False),
    ],
)
def test_no_card_number_is_kept(text, is_card) -> None:
    assert looks_like_a_card(text) is is_card
    refused = why_not(TERMS, CONSENT, text, now=NOW)
    assert (refused is not None) is is_card


@pytest.mark.parametrize(
    ("terms", "consent", "says"),
    [
        ({"month_micro_max": 99}, {}, "below the amount"),
        ({"valid_until": date(2026, 3, 1)}, {}, "day after the last"),
        ({}, {"at": NOW + timedelta(seconds=1)}, "of the future"),
        ({}, {"reference": "4111111111111111"}, "number of a card"),
    ],
)
def test_what_cannot_be_agreed_to(terms, consent, says) -> None:
    found = why_not(replace(TERMS, **terms), replace(CONSENT, **consent), "m-1", now=NOW)
    assert found is not None
    assert says in found


def test_sent_again_after_longer_and_longer_pauses_until_its_time_is_over() -> None:
    request, now, pauses = REQUEST, NOW, []
    for _ in range(12):
        request = sending(request, now=now, policy=POLICY)
        assert request.send_at is not None
        pauses.append(request.send_at - now)
        now = request.send_at
    assert pauses[:3] == [timedelta(seconds=30), timedelta(seconds=60), timedelta(seconds=120)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == POLICY.longest_pause
    assert request.answer_by == NOW + POLICY.send_within


SENDING = sending(REQUEST, now=NOW, policy=POLICY)


@pytest.mark.parametrize("state", RequestState)
@pytest.mark.parametrize(
    ("answer", "from_", "to"),
    [
        (Accepted("p"), {"sending"}, "accepted"),
        (Refused(code="x", for_good=False), {"sending", "unanswered"}, "refused"),
        (NoAnswer("x", is_there=False), set(), None),
    ],
)
def test_an_answer_changes_what_waits_for_it_alone(state, answer, from_, to) -> None:
    before = replace(SENDING, state=state)
    after = answered(before, answer, now=NOW, policy=POLICY)
    assert after.state == (to if state in from_ else state)


@pytest.mark.parametrize("state", RequestState)
def test_money_is_the_last_word(state) -> None:
    request = replace(REQUEST, state=state)
    assert may_become(request, RequestState.PAID) is (state is not RequestState.PAID)
    assert may_become(request, RequestState.FAILED) is (state in OPEN)


def test_a_mandate_is_suspended_for_good_or_after_so_many_in_a_row() -> None:
    gone = after_nothing(MANDATE, today=TODAY, why="lost_card", for_good=True, policy=POLICY)
    assert (gone.state, gone.state_reason) == (MandateState.SUSPENDED, "lost_card")
    mandate = MANDATE
    for _ in range(POLICY.failures_max - 1):
        mandate = after_nothing(mandate, today=TODAY, why="x", for_good=False, policy=POLICY)
    assert mandate.state is MandateState.ACTIVE
    assert after_paid(mandate).failures == 0
    mandate = after_nothing(mandate, today=TODAY, why="x", for_good=False, policy=POLICY)
    assert mandate.state is MandateState.SUSPENDED
    ended = replace(MANDATE, state=MandateState.ENDED)
    gone = after_nothing(ended, today=TODAY, why="x", for_good=True, policy=POLICY)
    assert gone.state is MandateState.ENDED


@dataclass
class Life:
    """A mandate and its requests through anything that may happen, as the use cases put the rules
    together. The provider does not lie: what it refused it never pays."""

    zone: str
    now: datetime = NOW
    balance: int = 0
    mandate: Mandate = MANDATE
    requests: dict[UUID, TopUpRequest] = field(default_factory=dict)

    @property
    def today(self) -> date:
        return LocalCalendar(self.zone).day_of(us_of(self.now))

    @property
    def open(self) -> TopUpRequest | None:
        found = [each for each in self.requests.values() if each.state in OPEN]
        assert len(found) <= 1
        return found[0] if found else None

    def month(self, day: date) -> Month:
        of_it = [r for r in self.requests.values() if r.requested_on.replace(day=1) == day]
        counted = [each for each in of_it if each.state in COUNTED]
        return Month(
            counted_micro=sum(each.amount_micro for each in counted),
            counted=len(counted),
            nothing=len([each for each in of_it if each.state in CAME_TO_NOTHING]),
        )

    def standing(self) -> Standing:
        return replace(
            LOW,
            balance_micro=self.balance,
            today=self.today,
            has_open=self.open is not None,
            month=self.month(self.today.replace(day=1)),
        )

    def look(self) -> None:
        if next_of(self.mandate, self.standing(), POLICY) == Ask():
            new = replace(
                REQUEST,
                id=uuid4(),
                amount_micro=self.mandate.terms.amount_micro,
                requested_on=self.today,
                send_at=self.now,
            )
            self.requests[new.id] = new

    def keep(self, before: TopUpRequest, after: TopUpRequest, *, for_good: bool = False) -> None:
        self.requests[after.id] = after
        if after.state is RequestState.PAID and before.state is not RequestState.PAID:
            self.balance += after.amount_micro
            self.mandate = after_paid(self.mandate)
        elif counts_as_failure(before, after):
            self.mandate = after_nothing(
                self.mandate, today=self.today, why="x", for_good=for_good, policy=POLICY
            )

    def send(self) -> None:
        request = self.open
        if request is None or request.state not in {RequestState.REQUESTED, RequestState.SENDING}:
            return
        if request.state is RequestState.REQUESTED:
            why = may_send(self.mandate, request, self.standing())
            if why is not None:
                self.keep(request, closed(request, RequestState.WITHDRAWN, code=why, now=self.now))
                return
        self.keep(request, sending(request, now=self.now, policy=POLICY))

    def step(self, what: str) -> None:
        request = self.open
        sent = request is not None and request.state is not RequestState.REQUESTED
        match what:
            case "charge":
                self.balance -= 70
            case "other-payment":
                self.balance += 150
            case "day":
                self.now += timedelta(hours=19)
            case "look":
                self.look()
            case "send":
                self.send()
            case "accepted" | "refused" | "gone" | "nothing" if request is not None and sent:
                answer = {
                    "accepted": Accepted("p"),
                    "refused": Refused(code="x", for_good=False),
                    "gone": Refused(code="x", for_good=True),
                    "nothing": NoAnswer("x", is_there=False),
                }[what]
                after = answered(request, answer, now=self.now, policy=POLICY)
                self.keep(request, after, for_good=what == "gone")
            case "paid" if request is not None and sent:
                self.keep(request, closed(request, RequestState.PAID, code="", now=self.now))
            case "failed" if request is not None and sent:
                self.keep(request, closed(request, RequestState.FAILED, code="", now=self.now))
            case "silent" if request is not None and sent:
                self.keep(request, unanswered(request, code="x"))
            case "consent":
                self.mandate = replace(
                    self.mandate, state=MandateState.ACTIVE, failures=0, retry_on=None
                )
            case _:
                pass


STEPS = st.sampled_from(
    [
        "charge",
        "charge",
        "other-payment",
        "day",
        "day",
        "look",
        "look",
        "send",
        "send",
        "accepted",
        "refused",
        "gone",
        "nothing",
        "paid",
        "paid",
        "failed",
        "silent",
        "consent",
    ]
)


@given(
    zone=st.sampled_from(["Asia/Shanghai", "America/Santiago", "Pacific/Apia", "UTC"]),
    steps=st.lists(STEPS, max_size=120),
    requests_max=st.integers(1, 4),
    micro_max=st.integers(100, 450),
)
def test_no_order_of_things_takes_more_than_was_agreed(
    zone, steps, requests_max, micro_max
) -> None:
    terms = replace(TERMS, month_requests_max=requests_max, month_micro_max=micro_max)
    life = Life(zone, mandate=replace(MANDATE, terms=terms))
    for what in steps:
        life.step(what)
        for first in {each.requested_on.replace(day=1) for each in life.requests.values()}:
            month = life.month(first)
            assert month.counted <= requests_max
            assert month.counted_micro <= micro_max
            assert month.nothing <= POLICY.month_nothing_max
        assert life.mandate.failures <= POLICY.failures_max
        assert life.open is None or life.open.state in OPEN


@given(st.dates(min_value=date(2000, 1, 1), max_value=date(2099, 1, 1)))
def test_the_next_month_is_the_next(day) -> None:
    after = next_month(day)
    assert after.day == 1
    assert (after - timedelta(days=1)).replace(day=1) == day.replace(day=1)
