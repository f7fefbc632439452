"""What customers write, and what is understood of it: tables."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.contacts.consents import Purpose
from notifier.contacts.values import Channel, Contact, Language
from notifier.inbound.catalogue import shipped
from notifier.inbound.rules import (
    ANSWERS_AN_HOUR_MAX,
    meant,
    number_of,
    reply_without_asking,
    started_by,
    stopped_by,
    understood,
)
from notifier.inbound.values import Customer, History, Outcome, Request, Word
from notifier.notices.values import Template

AT = datetime(2026, 3, 1, tzinfo=UTC)
NEW = History(0, False, False)
REFUSABLE = {Purpose.NEWS, Purpose.CAMPAIGNS}


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("BALANCE", Request(Word.BALANCE)),
        (" balance. ", Request(Word.BALANCE)),
        ("Bal?", Request(Word.BALANCE)),
        ("ＢＡＬＡＮＣＥ　４７１１！", Request(Word.BALANCE, "4711")),
        ("balance4711", Request(Word.BALANCE, "4711")),
        ("Balance: 4711", Request(Word.BALANCE, "4711")),
        ("余额", Request(Word.BALANCE)),
        ("余额4711", Request(Word.BALANCE, "4711")),
        ("查询余额。", Request(Word.BALANCE)),
        ("Days", Request(Word.DAYS)),
        ("天数", Request(Word.DAYS)),
        ("top up", Request(Word.PAY)),
        ("TOP-UP", Request(Word.PAY)),
        ("pay", Request(Word.PAY)),
        ("充值", Request(Word.PAY)),
        ("Credit", Request(Word.CREDIT)),
        ("emergency credit 12", Request(Word.CREDIT, "12")),
        ("应急", Request(Word.CREDIT)),
        ("help", Request(Word.HELP)),
        ("帮助", Request(Word.HELP)),
        ("STOP", Request(Word.STOP)),
        ("Stop!!!", Request(Word.STOP)),
        ("stop news", Request(Word.STOP, None, Purpose.NEWS)),
        ("STOP Campaigns 4711", Request(Word.STOP, "4711", Purpose.CAMPAIGNS)),
        ("stop payments", Request(Word.STOP, None, Purpose.PAYMENTS)),
        ("STOPALL", Request(Word.STOP)),
        ("Opt out", Request(Word.STOP)),
        ("quit", Request(Word.STOP)),
        ("stop supply", Request(Word.STOP, None, Purpose.SUPPLY)),
        ("stop writing to me", Request(Word.STOP)),
        ("STOP 1 2 3", Request(Word.STOP)),
        ("TD", Request(Word.STOP)),
        ("退订", Request(Word.STOP)),
        ("TD退订", Request(Word.STOP)),
        ("退订营销", Request(Word.STOP, None, Purpose.CAMPAIGNS)),
        ("退订你们的短信", Request(Word.STOP)),
        ("取消订阅", Request(Word.STOP)),
        ("start", Request(Word.START)),
        ("START news", Request(Word.START, None, Purpose.NEWS)),
        ("订阅", Request(Word.START)),
        ("订阅 营销", Request(Word.START, None, Purpose.CAMPAIGNS)),
        # No words of ours.
        ("", None),
        ("4711", None),
        ("stopped by today", None),
        ("start the car", None),
        ("my balance please", None),
        ("balance 47 11", None),
        ("4711 balance", None),
        ("payday", None),
        ("I am driving and will call you back", None),
        ("🙂", None),
    ],
)
def test_what_is_understood(text, request_):
    assert understood(text, shipped()) == request_


@given(st.text(max_size=200))
def test_whatever_somebody_writes_is_read(text):
    said = understood(text, shipped())
    assert said is None or said.word in Word


@given(st.sampled_from(sorted(shipped().words)), st.sampled_from([str.upper, str.title, str]))
def test_every_word_is_understood_in_every_case(written, case):
    assert understood(f" {case(written)}.", shipped()) == Request(shipped().words[written])


@pytest.mark.parametrize(
    ("sender", "number"),
    [
        ("+8613800138000", "+8613800138000"),
        ("8613800138000", "+8613800138000"),
        ("13800138000", "+8613800138000"),
        ("013800138000", "+8613800138000"),
        ("008613800138000", "+8613800138000"),
        ("+49 151 2345678", "+491512345678"),
        ("0049 (151) 234-5678", "+491512345678"),
        ("95598", None),
        ("106980", None),
        ("+123", None),
        ("Prewatt", None),
        ("", None),
        ("+1234567890123456", None),
        ("１３８００１３８０００", None),
    ],
)
def test_whose_number_it_is(sender, number):
    assert number_of(sender, country_code="86") == number


def customer(number: int, *, known: bool = True) -> Customer:
    contact = Contact(UUID(int=number), Language.EN, None, "+8613800138000", (Channel.SMS,))
    return Customer(contact, f"110000{number:04d}" if known else None)


ONE, TWO = [customer(4711)], [customer(4711), customer(4712)]


@pytest.mark.parametrize(
    ("request_", "customers", "history", "outcome", "answer"),
    [
        (Request(Word.BALANCE), [], NEW, Outcome.UNKNOWN_NUMBER, None),
        (None, [], NEW, Outcome.UNKNOWN_NUMBER, None),
        (Request(Word.STOP), [], NEW, Outcome.UNKNOWN_NUMBER, None),
        (None, ONE, NEW, Outcome.NOT_UNDERSTOOD, Template.ANSWER_HELP),
        (None, ONE, History(1, True, False), Outcome.NOT_UNDERSTOOD, None),
        (None, ONE, History(ANSWERS_AN_HOUR_MAX, False, False), Outcome.NOT_UNDERSTOOD, None),
        (Request(Word.HELP), ONE, History(3, True, False), Outcome.DONE, Template.ANSWER_HELP),
        (
            Request(Word.BALANCE),
            ONE,
            History(ANSWERS_AN_HOUR_MAX, False, False),
            Outcome.TOO_MANY,
            None,
        ),
        (Request(Word.BALANCE), TWO, NEW, Outcome.WHICH_ACCOUNT, Template.ANSWER_WHICH),
        (Request(Word.CREDIT, "99"), TWO, NEW, Outcome.WHICH_ACCOUNT, Template.ANSWER_WHICH),
        (Request(Word.START, "99"), TWO, NEW, Outcome.WHICH_ACCOUNT, Template.ANSWER_WHICH),
        (Request(Word.CREDIT, "99"), ONE, NEW, Outcome.WHICH_ACCOUNT, Template.ANSWER_WHICH),
        (
            Request(Word.PAY, "1"),
            [customer(1, known=False)],
            NEW,
            Outcome.WHICH_ACCOUNT,
            Template.ANSWER_FAILED,
        ),
    ],
)
def test_what_needs_nobody_else(request_, customers, history, outcome, answer):
    reply = reply_without_asking(request_, customers, history)
    assert reply is not None
    assert (reply.outcome, reply.answer) == (outcome, answer)


@pytest.mark.parametrize(
    ("request_", "customers", "history"),
    [
        (Request(Word.BALANCE), ONE, NEW),
        (Request(Word.BALANCE, "4712"), TWO, NEW),
        (Request(Word.STOP), TWO, NEW),
        (Request(Word.START), TWO, NEW),
        (Request(Word.STOP, "99"), TWO, NEW),
        # Whoever wants to hear less is heard, however often.
        (Request(Word.STOP), ONE, History(ANSWERS_AN_HOUR_MAX, True, True)),
    ],
)
def test_what_is_asked_or_done(request_, customers, history):
    assert reply_without_asking(request_, customers, history) is None


def test_an_account_is_named_by_the_end_of_its_number():
    assert meant(Request(Word.BALANCE, "12"), TWO) == [TWO[1]]
    assert meant(Request(Word.BALANCE), TWO) == TWO


def test_stop_and_start_are_of_what_may_be_refused():
    both = [Purpose.NEWS, Purpose.CAMPAIGNS]
    assert stopped_by(Request(Word.STOP), refusable=REFUSABLE) == both
    assert stopped_by(Request(Word.STOP, None, Purpose.SUPPLY), refusable=REFUSABLE) == []
    # Offers go to whoever has agreed to them, and a START by itself says nothing of offers.
    start = Request(Word.START)
    assert started_by(start, refusable=REFUSABLE, agreed_once=()) == [Purpose.NEWS]
    agreed = {Purpose.CAMPAIGNS}
    assert started_by(start, refusable=REFUSABLE, agreed_once=agreed) == both
    named = Request(Word.START, None, Purpose.CAMPAIGNS)
    assert started_by(named, refusable=REFUSABLE, agreed_once=()) == [Purpose.CAMPAIGNS]
