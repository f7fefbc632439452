"""What a person whom a customer has named is told of, and what not: pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from test_notifier_planning import ACCOUNT, MAIL, exhausted, low, plan, supply, topped_up

from notifier.contacts.consents import Purpose
from notifier.contacts.nominations import (
    Agreement,
    Nominated,
    Nomination,
    has_not_agreed_since,
    is_same,
)
from notifier.contacts.values import Channel, Contact, Language
from notifier.inbound.rules import ANSWERS_AN_HOUR_MAX, changes_nomination, reply_to_nominated
from notifier.inbound.values import Customer, History, Outcome, Request, Word
from notifier.notices.parameters import PARAMETERS
from notifier.notices.treatment import LIFETIMES, NEVER_QUIET, PRIORITIES, PURPOSES
from notifier.notices.values import FOR_NOMINATED, NO_MONEY, Priority, Status, Template
from notifier.templates.variables import VARIABLES
from prewatt_common.contracts.ledger_events_v1 import SupplyState
from prewatt_common.contracts.notice_events_v1 import Role
from prewatt_common.contracts.procedure_v1 import NOTICE_TEMPLATES

AT = datetime(2026, 3, 1, tzinfo=UTC)
PERSON = Contact(
    ACCOUNT, Language.ZH_CN, None, "+8613900139000", (Channel.SMS,), role=Role.NOMINATED
)
NOMINATION = Nomination(
    id=uuid4(),
    contact=PERSON,
    customer=Agreement("by telephone", AT),
    person=Agreement("by SMS", AT),
    by="li.wei",
    at=AT,
)
NEW = History(0, False, False)
PEOPLE = [Customer(PERSON, "1100004711")]


def planned(*events, is_told: bool = True, **more):
    nominated = {ACCOUNT: Nominated(NOMINATION, is_told)}
    return plan(*events, contacts={ACCOUNT: MAIL}, nominated=nominated, **more)


def test_warnings_and_cuts_go_to_both_each_in_their_language_and_way():
    made = planned(exhausted(), supply(SupplyState.DISCONNECTED))
    assert [(n.template, n.role, n.language, n.channel, n.recipient) for n in made.notices] == [
        (template, *whom)
        for template, whom in [
            (Template.BALANCE_EXHAUSTED, ("customer", "en", "email", "a@example.com")),
            (Template.NOMINATED_BALANCE_EXHAUSTED, ("nominated", "zh-CN", "sms", PERSON.phone)),
            (Template.SUPPLY_OFF, ("customer", "en", "email", "a@example.com")),
            (Template.NOMINATED_SUPPLY_OFF, ("nominated", "zh-CN", "sms", PERSON.phone)),
        ]
    ]
    assert len({each.id for each in made.notices}) == 4


def test_receipts_are_the_customers():
    assert [n.role for n in planned(topped_up(50)).notices] == [Role.CUSTOMER]
    assert {PURPOSES[each] for each in FOR_NOMINATED} == {Purpose.SUPPLY}


def test_no_money_is_in_what_a_nominated_person_is_told():
    for event in (low(), exhausted(), supply(SupplyState.DISCONNECTED)):
        _, theirs = planned(event).notices
        assert theirs.facts.currency == NO_MONEY
        assert theirs.facts.balance_micro is theirs.facts.threshold_micro is None
    for template in Template:
        if "nominated" in template:
            assert not VARIABLES[template].kinds.keys() & {"balance", "account", "amount"}
            assert PARAMETERS[template] == {"utility", "tail", "code", "check_at"}


def test_what_is_overtaken_is_said_to_neither():
    made = planned(low(), topped_up(50))
    assert [(n.template, n.status) for n in made.notices] == [
        (Template.LOW_BALANCE, Status.WITHDRAWN),
        (Template.NOMINATED_LOW_BALANCE, Status.WITHDRAWN),
        (Template.TOPPED_UP, Status.QUEUED),
    ]


def test_each_stops_for_themselves():
    said = [(n.role, n.status) for n in planned(low(), is_told=False).notices]
    assert said == [(Role.CUSTOMER, Status.QUEUED), (Role.NOMINATED, Status.DECLINED)]
    declined = {ACCOUNT: frozenset(Purpose)}
    said = [(n.role, n.status) for n in planned(low(), declined=declined).notices]
    assert said == [(Role.CUSTOMER, Status.DECLINED), (Role.NOMINATED, Status.QUEUED)]


def test_they_are_treated_as_the_customers_are():
    for of, nominated in FOR_NOMINATED.items():
        assert PRIORITIES[nominated] is PRIORITIES[of]
        assert LIFETIMES[nominated] == LIFETIMES[of]
        assert (nominated in NEVER_QUIET) == (of in NEVER_QUIET)
    assert PRIORITIES[Template.ANSWER_NOMINATED_HELP] is Priority.BALANCE


def test_no_template_of_theirs_is_evidence():
    assert not [each for each in NOTICE_TEMPLATES if "nominated" in each]


def test_the_same_again_is_no_other_nomination():
    later = NOMINATION.at + timedelta(days=1)
    again = Nomination(
        id=uuid4(),
        contact=PERSON,
        customer=NOMINATION.customer,
        person=NOMINATION.person,
        by="wu",
        at=later,
    )
    assert is_same(NOMINATION, again)
    moved = Contact(ACCOUNT, Language.EN, None, "+8613900139000", (Channel.SMS,))
    assert not is_same(
        NOMINATION,
        Nomination(
            id=uuid4(),
            contact=moved,
            customer=NOMINATION.customer,
            person=NOMINATION.person,
            by="wu",
            at=later,
        ),
    )


@pytest.mark.parametrize(
    ("agreed", "days", "moved", "holds"),
    [
        # Whatever the customer has agreed to meanwhile, the person has not.
        ("as before", 0, False, True),
        ("as before", 0, True, True),
        ("by post", 0, False, True),
        ("by post", 1, False, False),
        ("by post", 0, True, False),
    ],
)
def test_a_stop_holds_until_they_have_agreed_anew(agreed, days, moved, holds):
    before = NOMINATION.person
    person = Agreement(before.how if agreed == "as before" else agreed,
                       NOMINATION.at + timedelta(days=days) if days else before.at)  # fmt: skip
    contact = replace(PERSON, email="other@home.example", phone=None) if moved else PERSON
    later = replace(NOMINATION, id=uuid4(), contact=contact, person=person,
                    customer=Agreement("anew", NOMINATION.at + timedelta(days=2)))  # fmt: skip
    assert has_not_agreed_since(NOMINATION, later) is holds


@pytest.mark.parametrize(
    ("request_", "history", "outcome", "answer"),
    [
        (Request(Word.BALANCE), NEW, Outcome.DONE, Template.ANSWER_NOMINATED_HELP),
        (Request(Word.CREDIT), History(1, True, False), Outcome.DONE, None),
        (Request(Word.HELP), History(1, True, False), Outcome.DONE, Template.ANSWER_NOMINATED_HELP),
        (None, NEW, Outcome.NOT_UNDERSTOOD, Template.ANSWER_NOMINATED_HELP),
        (Request(Word.START, "99"), NEW, Outcome.DONE, Template.ANSWER_NOMINATED_HELP),
        (Request(Word.PAY), History(ANSWERS_AN_HOUR_MAX, False, False), Outcome.TOO_MANY, None),
    ],
)
def test_who_is_named_only_is_told_nothing_of_the_account(request_, history, outcome, answer):
    reply = reply_to_nominated(request_, PEOPLE, history)
    assert reply is not None
    assert (reply.outcome, reply.answer) == (outcome, answer)


@pytest.mark.parametrize("word", [Word.STOP, Word.START])
def test_stop_of_news_is_not_meant_for_what_they_are_told(word):
    assert reply_to_nominated(Request(word, "4711"), PEOPLE, NEW) is None
    # As of a customer, a STOP with a slip in the number is heard.
    slip = reply_to_nominated(Request(word, "99"), PEOPLE, NEW)
    assert (slip is None) is (word is Word.STOP)
    assert changes_nomination(Request(word, None, Purpose.SUPPLY))
    assert not changes_nomination(Request(word, None, Purpose.NEWS))
    assert not changes_nomination(Request(Word.BALANCE))
    assert PEOPLE[0].contact.account_id == UUID(int=ACCOUNT.int)
