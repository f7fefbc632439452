"""Every template, in every language, as every channel says it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from notifier.channels.email.rules import failure_of as email_failure_of
from notifier.channels.email.rules import message_of
from notifier.channels.http_peer import failure_of as sms_failure_of
from notifier.channels.ports import PeerDown, PermanentFailure, TransientFailure
from notifier.channels.segments import Alphabet, segments_of
from notifier.contacts.consents import Purpose
from notifier.contacts.values import Channel, Contact, Language
from notifier.deliveries.retries import RetryPolicy
from notifier.notices.making import make_notice
from notifier.notices.parameters import PARAMETERS
from notifier.notices.values import FOR_NOMINATED, Facts, Notice, Template, Text
from notifier.templates.catalogue import built_in
from notifier.templates.codes import text_of_code
from notifier.templates.jinja import JinjaRenderer
from notifier.templates.money import money_text
from notifier.templates.ports import Unrenderable
from notifier.templates.values import Source, TextKey
from notifier.templates.variables import VARIABLES
from notifier.templates.wording import Signature, values_of
from prewatt_common.contracts.ledger_events_v1 import NotCollected, ReconnectionStage

AT = datetime(2026, 3, 1, tzinfo=UTC)
RENDERER = JinjaRenderer(utility_name="Prewatt")
NUMBER = "1100023456789"
_DEBT = {"amount_micro": 200_000_000, "owed_micro": 999_000_000, "after_days": 30}
_AS_OF = {"as_of": AT, "timezone": "Asia/Shanghai"}
_EXTRA = {
    Template.DEBT_OWED: _DEBT,
    Template.DEBT_LOWERED: _DEBT,
    Template.DEBT_WRITTEN_OFF: _DEBT,
    Template.DEBT_PAID: _DEBT,
    Template.EMERGENCY_CREDIT_OFFERED: {"amount_micro": 200_000_000, "left_micro": 1},
    Template.EMERGENCY_CREDIT_ACCEPTED: {"amount_micro": 200_000_000, "left_micro": 99_000_000},
    Template.PAYMENT_REMINDER: {
        "amount_micro": 200_000_000,
        "statement_number": 1_000_042,
        "period_first": date(2026, 1, 1),
        "period_last": date(2026, 1, 31),
        "due_on": date(2026, 2, 14),
    },
    Template.BALANCE_ADDED: {"amount_micro": 200_000_000},
    Template.BALANCE_TAKEN: {"amount_micro": 200_000_000},
    Template.AUTO_TOP_UP_FAILED: {"amount_micro": 200_000_000, "retry_on": date(2026, 3, 3)},
    Template.COLLECTION_FAILED: {
        "amount_micro": 200_000_000,
        "statement_number": 1_000_042,
        "retry_on": date(2026, 3, 3),
        "why": NotCollected.ACCOUNT_UNUSABLE,
    },
    Template.LOW_BALANCE: {"threshold_micro": 20_000_000},
    Template.SUPPLY_LIMIT_RAISED: {"limit_w": 3000},
    Template.TOPPED_UP: {"amount_micro": 200_000_000},
    Template.PAYMENT_TAKEN_BACK: {"amount_micro": 200_000_000, "owed_again_micro": 99_000_000},
    Template.RECONNECTION_LATE: {
        "amount_micro": 200_000_000,
        "stage": ReconnectionStage.ANSWERED,
    },
    Template.ANSWER_BALANCE: _AS_OF | {"left_micro": 99_000_000},
    Template.ANSWER_DAYS: _AS_OF | {"ends_at": AT, "buy_by": AT},
    Template.ANSWER_DAYS_UNKNOWN: _AS_OF,
    Template.ANSWER_PAY: {"pay_at": "https://pay.example.org/"},
    Template.ANSWER_CREDIT: {"amount_micro": 200_000_000, "left_micro": 99_000_000},
    Template.ANSWER_CREDIT_REFUSED: _AS_OF | {"left_micro": 99_000_000},
    Template.ANSWER_STOPPED: {"purposes": tuple(Purpose)},
    Template.ANSWER_STARTED: {"purposes": tuple(Purpose)},
    Template.ANSWER_WHICH: {"tails": ("6789", "1234")},
}


def notice(template: Template, language: Language, channel: Channel, **facts) -> Notice:
    contact = Contact(uuid4(), language, "li@example.com", "+8613800000000", tuple(Channel))
    return make_notice(
        cause_id=uuid4(),
        template=template,
        contact=contact,
        channel=channel,
        facts=Facts(at=AT, currency="CNY", balance_micro=-12_345_678, **facts),
        settled_above_micro=None,
        position=0,
        now=AT,
        expires_at=AT + timedelta(days=1),
    )


def said(made: Notice) -> Text:
    """In the words that are shipped."""
    worded = RENDERER.render(made, account_number=NUMBER)
    assert worded.version == 0
    return worded.text


def both(template: Template, language: Language, **facts) -> Text:
    """As a mail and as an SMS."""
    mail = said(notice(template, language, Channel.EMAIL, **facts))
    return replace(mail, short=said(notice(template, language, Channel.SMS, **facts)).short)


@pytest.mark.parametrize("template", Template)
@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("channel", Channel)
def test_every_template_in_every_language_on_every_channel(template, language, channel):
    made = notice(template, language, channel, **_EXTRA.get(template, {}))
    text = said(made)
    assert PARAMETERS[template] <= text.values.keys()
    parts = [text.subject, text.body] if channel is Channel.EMAIL else [text.short]
    for part in parts:
        assert part.strip()
        assert "{" not in part
        assert "None" not in part
    if "tail" in VARIABLES[template].must_say:
        assert NUMBER in parts[-1] or NUMBER[-4:] in parts[-1]
    known = "balance" in VARIABLES[template].required
    assert known == ("-¥12.35" in parts[-1])
    assert known or "¥" not in parts[-1].replace("¥200.00", "")
    assert "Prewatt" in parts[-1]
    if template in (Template.TOPPED_UP, Template.RECONNECTION_LATE):
        assert "¥200.00" in parts[-1]
    if channel is Channel.EMAIL:
        mail = message_of(made, text, sender="notices@utility.example")
        assert mail["Message-ID"] == f"<{made.id}@utility.example>"
        assert mail.get_content().strip() == text.body.strip()
    else:
        assert "\n" not in text.short
        segments = segments_of(text.short)
        assert len(segments.parts) == 1
        assert (segments.alphabet is Alphabet.UCS2) == (language is Language.ZH_CN)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("days_left", [None, 1, 7])
def test_a_low_balance_says_how_long_it_lasts_where_that_is_known(language, days_left):
    facts = {"threshold_micro": 20_000_000, "days_left": days_left}
    made = notice(Template.LOW_BALANCE, language, Channel.EMAIL, **facts)
    body = said(made).body
    assert ("¥20.00" in body) == (days_left is None)
    if days_left is not None:
        wanted = {1: "1 day.", 7: "7 days."}[days_left] if language is Language.EN else "天。"
        assert wanted in body


@pytest.mark.parametrize("language", Language)
def test_a_receipt_says_what_repaid_emergency_credit_and_what_may_be_used(language):
    facts = {"amount_micro": 200_000_000, "repaid_micro": 9_000_000, "left_micro": 77_000_000}
    text = both(Template.TOPPED_UP, language, **facts)
    assert "¥9.00" in text.short
    assert "¥77.00" in text.body
    assert len(segments_of(text.short).parts) == 1


@pytest.mark.parametrize(
    ("language", "zone", "ends", "buy"),
    [
        (Language.EN, "Europe/Berlin", "Sat 5 Dec 22:00", "Fri 4 Dec 18:30"),
        (Language.ZH_CN, "Asia/Shanghai", "12月6日05:00", "12月5日01:30"),
    ],
)
def test_a_low_balance_says_when_money_ends_and_by_when_to_buy(language, zone, ends, buy):
    facts = {
        "threshold_micro": 20_000_000,
        "days_left": 3,
        "ends_at": datetime(2026, 12, 5, 21, 40, tzinfo=UTC),
        "buy_by": datetime(2026, 12, 4, 17, 30, tzinfo=UTC),
        "timezone": zone,
    }
    text = both(Template.LOW_BALANCE, language, **facts)
    for each in (text.body, text.short):
        assert ends in each
        assert buy in each
    assert "天。" not in text.body
    assert "3 days" not in text.body
    assert len(segments_of(text.short).parts) == 1


@pytest.mark.parametrize("template", [Template.DEBT_OWED, Template.DEBT_PAID])
@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("instalments", [None, 12])
def test_a_debt_says_how_it_is_paid_in_one_message(template, language, instalments):
    plan = {"instalments": instalments, "next_due": instalments and date(2026, 12, 1)}
    text = both(template, language, **_DEBT | plan)
    assert len(text.short) <= (70 if language is Language.ZH_CN else 160)
    assert "¥200.00" in text.short
    assert "¥999.00" in text.body
    assert ("2026-12-01" in text.body) == (instalments is not None)
    assert "None" not in text.body + text.short


@pytest.mark.parametrize("language", Language)
def test_a_receipt_says_what_went_to_debts_in_one_message(language):
    facts = {"amount_micro": 200_000_000, "paid_off_micro": 50_000_000, "owed_micro": 999_000_000}
    text = both(Template.TOPPED_UP, language, **facts)
    assert len(text.short) <= (70 if language is Language.ZH_CN else 160)
    for part in (text.short, text.body):
        assert "¥50.00" in part
        assert "¥999.00" in part


@pytest.mark.parametrize("why", NotCollected)
@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("statement_number", [None, 1_000_042])
@pytest.mark.parametrize("retry_on", [None, date(2026, 3, 3)])
def test_what_was_not_collected_says_what_why_and_what_follows(
    why, language, statement_number, retry_on
):
    facts = {"statement_number": statement_number, "retry_on": retry_on, "why": why}
    text = both(Template.COLLECTION_FAILED, language, amount_micro=200_000_000, **facts)
    assert len(text.short) <= (70 if language is Language.ZH_CN else 160)
    values = values_of(
        Facts(at=AT, currency="CNY", **facts),
        account_number=NUMBER,
        signature=Signature("Prewatt"),
        language=language,
    )
    for part in (text.short, text.body):
        assert "¥200.00" in part
        assert all(str(values[name]) in part for name in ("what", "why", "next"))
        assert ("2026-03-03" in part) == (retry_on is not None)
        assert ("1000042" in part) == (statement_number is not None)


@pytest.mark.parametrize("stage", ReconnectionStage)
@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("amount_micro", [None, 999_000_000])
def test_a_late_reconnection_says_why_in_one_message(stage, language, amount_micro):
    facts = {"stage": stage, "amount_micro": amount_micro}
    text = both(Template.RECONNECTION_LATE, language, **facts)
    assert len(text.short) <= (70 if language is Language.ZH_CN else 160)
    assert ("¥999.00" in text.short) == ("¥999.00" in text.body) == (amount_micro is not None)
    assert "{" not in text.body + text.short


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        (421, TransientFailure),
        (450, TransientFailure),
        (452, TransientFailure),
        (499, TransientFailure),
        (500, PermanentFailure),
        (550, PermanentFailure),
        (554, PermanentFailure),
    ],
)
def test_what_an_smtp_server_refuses_for_good(code, failure):
    raised = email_failure_of(code, "says why")
    assert isinstance(raised, failure)
    assert str(raised) == f"{code} says why"


@pytest.mark.parametrize(
    ("status_code", "failure"),
    [
        (400, PermanentFailure),
        (404, PeerDown),
        (413, PermanentFailure),
        (401, PeerDown),
        (403, PeerDown),
        (408, PeerDown),
        (429, PeerDown),
        (302, TransientFailure),
        (500, TransientFailure),
        (503, PeerDown),
    ],
)
def test_what_an_sms_gateway_refuses_for_good(status_code, failure):
    raised = sms_failure_of(status_code, "says why\n")
    assert type(raised) is failure
    assert str(raised) == f"{status_code} says why"


def test_two_attempts_make_the_same_mail():
    made = notice(Template.SUPPLY_ON, Language.ZH_CN, Channel.EMAIL)
    text = said(made)
    first, second = (message_of(made, text, sender="n@u.example").as_bytes() for _ in range(2))
    assert first == second


def test_what_a_language_has_no_text_for_is_said_in_the_fallback_and_counted(monkeypatch):
    def only_chinese(key: TextKey) -> Source | None:
        return None if key.language is Language.EN else built_in(key)

    monkeypatch.setattr("notifier.templates.jinja.built_in", only_chinese)
    labels = {"template": "supply-on", "language": "en", "why": "language"}
    counted = "prewatt_notifier_text_fallbacks_total"
    before = REGISTRY.get_sample_value(counted, labels) or 0
    text = said(notice(Template.SUPPLY_ON, Language.EN, Channel.SMS))
    assert "已恢复供电" in text.short
    assert REGISTRY.get_sample_value(counted, labels) == before + 1
    nowhere = JinjaRenderer(utility_name="Prewatt", fallback=Language.EN)
    with pytest.raises(Unrenderable, match="supply-on is not there in en"):
        nowhere.render(notice(Template.SUPPLY_ON, Language.EN, Channel.SMS), account_number=NUMBER)


def test_a_fact_that_is_missing_is_an_error_and_not_a_gap():
    with pytest.raises(Unrenderable, match="threshold"):
        RENDERER.render(
            notice(Template.LOW_BALANCE, Language.EN, Channel.EMAIL), account_number=NUMBER
        )


@pytest.mark.parametrize(
    ("amount_micro", "currency", "text"),
    [
        (12_345_678, "CNY", "¥12.35"),
        (-12_345_678, "CNY", "-¥12.35"),
        (0, "CNY", "¥0.00"),
        (-4_999, "CNY", "¥0.00"),
        (-5_000, "CNY", "-¥0.01"),
        (5_000, "EUR", "0.01 EUR"),
        (1_500_000, "JPY", "2 JPY"),
        (1_500_000, "KWD", "1.500 KWD"),
        (10**15, "CNY", "¥1000000000.00"),
    ],
)
def test_money_as_a_person_reads_it(amount_micro, currency, text):
    assert money_text(amount_micro, currency) == text


@given(amount_micro=st.integers(-(10**18), 10**18))
def test_money_text_is_within_half_a_cent(amount_micro):
    shown = Decimal(money_text(amount_micro, "CNY").replace("¥", ""))
    assert abs(shown * 1_000_000 - amount_micro) <= 5_000


def test_pauses_grow_and_go_on():
    policy = RetryPolicy(first_s=5, longest_s=100)
    pauses = [policy.pause_after(attempts, jitter=0.999999) for attempts in range(1, 6)]
    assert [round(p.total_seconds()) for p in pauses] == [5, 15, 45, 100, 100]


@given(
    attempts=st.integers(1, 10_000),
    jitter=st.floats(0, 1, exclude_max=True),
    longest_s=st.floats(1, 10_000),
)
def test_a_pause_is_never_longer_than_the_longest(attempts, jitter, longest_s):
    policy = RetryPolicy(first_s=1, longest_s=longest_s)
    pause = policy.pause_after(attempts, jitter=jitter)
    assert 0.5 <= pause.total_seconds() <= longest_s + 1e-6


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(
    "template",
    [
        Template.LOW_BALANCE,
        Template.BALANCE_EXHAUSTED,
        Template.SUPPLY_OFF,
        Template.SUPPLY_LIMITED,
        Template.PAYMENT_REMINDER,
        Template.AUTO_TOP_UP_FAILED,
        Template.COLLECTION_FAILED,
    ],
)
@pytest.mark.parametrize(
    "pay_at", ["https://pay.utility.example/", "https://pay.example.org/p/0123456789abcdef"]
)
def test_a_warning_says_where_to_pay(template, language, pay_at):
    renderer = JinjaRenderer(utility_name="Prewatt", pay_at=pay_at)
    mail = notice(template, language, Channel.EMAIL, **_EXTRA.get(template, {}))
    assert pay_at in renderer.render(mail, account_number=NUMBER).text.body
    assert pay_at not in RENDERER.render(mail, account_number=NUMBER).text.body
    sms = notice(template, language, Channel.SMS, **_EXTRA.get(template, {}))
    said_short = renderer.render(sms, account_number=NUMBER).text.short
    spaced = f" {said_short} ".replace("：", " ")
    assert f" {pay_at} " in spaced, "nothing that a phone takes for its end"
    assert NUMBER[-4:] in said_short
    if template not in (Template.AUTO_TOP_UP_FAILED, Template.COLLECTION_FAILED):
        assert text_of_code(sms.code) in said_short, "whether it is ours can be looked up by it"
    assert len(segments_of(said_short).parts) <= (1 if language is Language.EN else 2)
    assert len(segments_of(said(sms).short).parts) == 1


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("template", list(FOR_NOMINATED.values()))
@pytest.mark.parametrize("channel", [Channel.SMS, Channel.EMAIL])
def test_a_nominated_person_is_told_no_link(template, language, channel):
    renderer = JinjaRenderer(utility_name="Prewatt", pay_at="https://pay.utility.example/")
    made = notice(template, language, channel, pay_at="https://pay.example.org/p/0123")
    text = renderer.render(made, account_number=NUMBER).text
    assert "//pay." not in text.subject + text.body + text.short


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("template", Template)
def test_a_call_spells_no_address_to_pay_at(template, language):
    renderer = JinjaRenderer(utility_name="Prewatt", pay_at="https://pay.utility.example/")
    more = _EXTRA.get(template, {}) | {"pay_at": "https://pay.example.org/p/0123456789abcdef"}
    call = notice(template, language, Channel.VOICE, **more)
    assert "//" not in renderer.render(call, account_number=NUMBER).text.short
