"""What a text may be written in, and what is found wrong with it before anybody is told with it."""

import time
from datetime import UTC, date, datetime, timedelta
from itertools import product
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.contacts.values import Channel, Language
from notifier.notices.calls import Account, called_for
from notifier.notices.parameters import PARAMETERS
from notifier.notices.planning import Cause, plan_notices
from notifier.notices.treatment import LIFETIMES
from notifier.notices.values import ANSWERS, CAMPAIGNS, TOLD_AS, Template
from notifier.templates.catalogue import built_in
from notifier.templates.check_source import Checked, TextLimits, check_source
from notifier.templates.language import SOURCE_CHARS_MAX, NotThisLanguage, Unsaid, parse, say
from notifier.templates.samples import sample_facts
from notifier.templates.values import Source, TextKey
from notifier.templates.variables import VARIABLES
from notifier.templates.wording import Signature, values_of
from prewatt_common.contracts.emergency_credit_v1 import (
    EmergencyCreditChanged,
    EmergencyCreditNews,
)
from prewatt_common.contracts.ledger_events_v1 import (
    AutoTopUpFailed,
    BalanceExhausted,
    Credited,
    DebtChanged,
    DebtNews,
    LowBalance,
    MandateSuspended,
    MoneyEnds,
    NotCollected,
    PaymentReminder,
    PaymentTakenBack,
    ReconnectionLate,
    ReconnectionStage,
    SupplyApology,
    SupplyChanged,
    SupplyState,
    ToppedUp,
    WarnedBy,
)
from prewatt_common.contracts.mode_events_v1 import AccountModeChanged
from prewatt_common.contracts.procedure_v1 import Mode

AT = datetime(2026, 3, 1, tzinfo=UTC)
LIMITS = TextLimits(segments_max=2, utility="Prewatt")
LOW_SMS = TextKey(Template.LOW_BALANCE, Language.EN, Channel.SMS)
GOOD = "{{ tail }}: {{ balance }}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{{ ''.__class__.__mro__ }}", "no attribute"),
        ("{{ balance['__class__'] }}", "no attribute"),
        ("{{ balance.upper() }}", "not in the language"),
        ("{{ balance|attr('__class__') }}", "no filter"),
        ("{{ ('%1000000000d')|format(1) }}", "no filter"),
        ("{{ balance|center(1000000000) }}", "no filter"),
        ("{{ '{0.__class__}'.format(balance) }}", "not in the language"),
        ("{{ '%0999999999d' % 1 }}", "mod is not in the language"),
        ("{{ 'a' * 1000000000 }}", "mul is not in the language"),
        ("{{ 9 ** 9 ** 9 ** 9 }}", "pow is not in the language"),
        ("{{ balance ~ balance }}", "concat is not in the language"),
        ("{% for i in range(1000000000) %}x{% endfor %}", "no loop"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "not in the language"),
        ("{% macro m() %}x{% endmacro %}", "no macro"),
        ("{% set x = 1 %}", "assign is not in the language"),
        ("{% if (balance is defined) %}{% set balance = 1 %}{% endif %}", "not in the language"),
        ("{% include 'supply-on.txt' %}", "include is not in the language"),
        ("{% import 'os' as os %}", "import is not in the language"),
        ("{% extends 'x' %}", "extends is not in the language"),
        ("{% block a %}{% endblock %}", "no block"),
        ("{% call x() %}{% endcall %}", "not in the language"),
        ("{% filter upper %}x{% endfilter %}", "not in the language"),
        ("{% with %}{% endwith %}", "not in the language"),
        ("{% autoescape true %}{% endautoescape %}", "not in the language"),
        ("{{ self }}", "self is no fact"),
        ("{{ cycler('a') }}", "call is not in the language"),
        ("{{ [1, 2] }}", "list is not in the language"),
        ("{{ {} }}", "dict is not in the language"),
        ("{{ 1.5 }}", "only texts and whole numbers"),
        ("{{ none }}", "only texts and whole numbers"),
        ("{% if 'a' in balance %}{% endif %}", "compare by"),
        ("{{ balance if days_left }}", "needs its else"),
        ("{{ balance is string }}", "the only test"),
        ("{{" + "(" * 3000 + "balance" + ")" * 3000 + "}}", "nested too deep"),
        ("{% if balance %}" * 300, "nested too deep"),
        ("{% if " + " and ".join(["balance"] * 500) + " %}{% endif %}", "nested too deep"),
        ("{{ " + "9" * 5000 + " }}", "digits"),
        ("{% if balance %}", "Unexpected end"),
        ("{{ balance", "unexpected"),
        ("{% nonsense %}", "unknown tag"),
        ("x" * (SOURCE_CHARS_MAX + 1), "are over"),
    ],
)
def test_a_hostile_text_is_refused_before_it_is_run(text, says):
    began = time.process_time()
    (finding,) = check_source(Source(text), LOW_SMS, limits=LIMITS).findings
    assert says in finding.says
    assert finding.line == 1
    with pytest.raises((NotThisLanguage, Unsaid)):
        say(text, {"balance": "¥1.00"})
    assert time.process_time() - began < 1


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["{{", "}}", "{%", "%}", " if ", "elif ", "else", " endif ", "for i in ", "balance",
             "days_left", "range(9**9)", "__class__", ".", "|", "(", ")", "'", "and ", "not ", "==",
             "1", "*", "**", "\n", "is defined", "{#", "#}", "-", "raw", "endraw", "macro m()"]
        ),
        max_size=60,
    )
)  # fmt: skip
def test_whatever_is_written_ends_soon_and_is_no_longer_than_its_parts(parts):
    text = "".join(parts)
    began = time.process_time()
    try:
        said = say(text, {"balance": "¥1.00", "days_left": 7})
    except (NotThisLanguage, Unsaid):
        said = ""
    assert time.process_time() - began < 1
    assert len(said) <= len(text) + text.count("balance") * 5
    check_source(Source(text), LOW_SMS, limits=LIMITS)


@settings(deadline=None)
@given(template=st.sampled_from(Template), data=st.data())
def test_what_is_found_good_can_be_said_of_every_notice(template, data):
    """The other way round: whatever cannot be said of some notice is found."""
    names = sorted({*VARIABLES[template].kinds, "days_left", "amount", "limit_w"})
    name = st.sampled_from(names)
    condition = st.recursive(
        st.one_of(name, name.map("{} is defined".format), name.map("{} == 1".format)),
        lambda inner: st.one_of(
            inner.map("not ({})".format),
            st.tuples(inner, inner).map(lambda two: f"({two[0]}) and ({two[1]})"),
            st.tuples(inner, inner).map(lambda two: f"({two[0]}) or ({two[1]})"),
        ),
        max_leaves=3,
    )
    body = st.recursive(
        name.map("{{{{ {} }}}}".format),
        lambda inner: st.tuples(condition, inner, inner).map(
            lambda three: f"{{% if {three[0]} %}}{three[1]}{{% else %}}{three[2]}{{% endif %}}"
        ),
        max_leaves=4,
    )
    text = f"{{{{ account }}}} {{{{ balance }}}} {data.draw(body)}"
    key = TextKey(template, Language.EN, Channel.LOG)
    checked = check_source(Source(text), key, limits=LIMITS)
    if any("must say" not in finding.says for finding in checked.findings):
        return
    for facts in sample_facts(template):
        values = values_of(
            facts,
            account_number="1100023456789",
            signature=Signature("Prewatt"),
            language=Language.EN,
        )
        assert say(text, values)


def found(text: str, key: TextKey = LOW_SMS, *, subject: str | None = None) -> list[str]:
    return list(map(str, check_source(Source(text, subject), key, limits=LIMITS).findings))


LATE = TextKey(Template.RECONNECTION_LATE, Language.EN, Channel.SMS)
MAIL = TextKey(Template.LOW_BALANCE, Language.EN, Channel.EMAIL)


@pytest.mark.parametrize(
    ("key", "text", "says"),
    [
        (LOW_SMS, f"{GOOD} {{{{ colour }}}}", "body, line 1: low-balance has no colour; it has: "),
        (LOW_SMS, f"{GOOD}\n{{{{ _x }}}}", "body, line 2: low-balance has no _x"),
        (LOW_SMS, f"{GOOD}\n\n{{{{ days_left }}}}", "line 3: some notices have no days_left: say"),
        (LOW_SMS, f"{GOOD}{{% if days_left == 1 %}}a{{% endif %}}", "some notices have no days_"),
        (LOW_SMS, f"{GOOD}{{% if not days_left %}}{{{{ days_left }}}}{{% endif %}}", "no days"),
        (LOW_SMS, f"{GOOD}{{% if balance == 1 %}}a{{% endif %}}", "a number is compared with"),
        (LOW_SMS, f"{GOOD}{{{{ balance == balance }}}}", "what is said is a name"),
        (LATE, f"{GOOD}{{% if stage == 'stuck' %}}a{{% endif %}}", "'stuck' is no stage; there"),
        (LATE, f"{GOOD}{{% if stage > 'sent' %}}a{{% endif %}}", "a stage is equal or not"),
        (LATE, f"{GOOD} {{{{ amount }}}}", "some notices have no amount"),
        (LOW_SMS, "{{ tail }} is low", "body: it must say {{ balance }}, in every case"),
        (LOW_SMS, "{{ balance }} left", "must say {{ tail }} (or the whole {{ account }})"),
        (LOW_SMS, "{% if days_left %}{{ tail }}{% endif %}{{ balance }}", "it must say {{ tail }}"),
        (LOW_SMS, f"{GOOD} {'long ' * 70}", "over 2 SMS at a time: 3 SMS"),
        (LOW_SMS, f"{GOOD}\x07", "a control character"),
        (LOW_SMS, " {# only a remark #} ", "body: it says nothing"),
        (MAIL, GOOD, "subject: a mail has one, and nothing else has"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(key, text, says):
    assert any(says in each for each in found(text, key)), found(text, key)


@pytest.mark.parametrize(
    ("subject", "says"),
    [("a\nBcc: all@home.example", "one line"), ("{# #}", "one line"), ("x" * 151, "over 150")],
)
def test_a_subject_is_one_line(subject, says):
    assert any(says in each for each in found(GOOD, MAIL, subject=subject))


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "{{ account }}: {{ balance }}",
        f"{GOOD}{{% if days_left %}}, {{{{ days_left }}}} "
        "{{ 'day' if days_left == 1 else 'days' }}{% endif %}",
        f"{GOOD}{{% if days_left is defined and days_left > 3 %}}{{{{ days_left }}}}{{% endif %}}",
        f"{GOOD}{{% if not days_left is defined %}}{{% else %}}{{{{ days_left }}}}{{% endif %}}",
        f"{GOOD}\n{{# a remark #}}{{% raw %}}{{{{ as it is }}}}{{% endraw %}}",
    ],
)
def test_what_can_be_said_of_every_notice_is_good(text):
    checked = check_source(Source(text), LOW_SMS, limits=LIMITS)
    assert not checked.findings
    assert [sample.segments for sample in checked.samples] == [1] * len(checked.samples)
    # With the days and without, of one and of many.
    assert {sample.facts.days_left for sample in checked.samples} == {None, 1, 7}


@pytest.mark.parametrize("key", [TextKey(*each) for each in product(Template, Language, Channel)])
def test_what_is_shipped_is_held_to_the_same(key):
    source = built_in(key)
    assert source is not None, f"nothing is shipped for {key}"
    # Seventy characters hold a balance and a code, or a link.
    most = 2 if key.language is Language.ZH_CN else 1
    checked: Checked = check_source(
        source, key, limits=TextLimits(most, "Prewatt", "notice.utility.example/n")
    )
    assert not checked.findings
    assert all(
        sample.segments in (None, 1) for sample in checked.samples if sample.facts.pay_at is None
    )
    for _, text in source.parts:
        parse(text)


def _planned(event) -> tuple[Template, set[str]]:
    """The template that an event calls for, and the names that its notice has."""
    since = AT - timedelta(days=1)
    off = Account(event.account_id, "1100023456789", supply_off_since=since, limit_w=300)
    plan = plan_notices(
        causes=[Cause(uuid4(), event)],
        taken=(),
        accounts={event.account_id: off},
        contacts={},
        declined={},
        nominated={},
        open_notices=[],
        default_language=Language.EN,
        zone=UTC,
        lifetimes=LIFETIMES,
        now=AT,
    )
    (notice,) = plan.notices
    values = values_of(
        notice.facts,
        account_number="1100023456789",
        signature=Signature("Prewatt"),
        language=Language.EN,
    )
    return notice.template, set(values)


def _events() -> list:
    same = {"account_id": UUID(int=7), "currency": "CNY", "at": AT, "balance_micro": -5}
    numbered = {"balance_number": 2, **same}
    low = {"threshold_micro": 20, **numbered}
    paid = {"payment_id": "p", "provider": "demo", "amount_micro": 9, **numbered}
    supply = {"meter_ids": ("m",), "decision_id": None, "rules": (), **numbered}
    debt = {"amount_micro": 9, "owed_micro": 9, "after_days": 30, **same}
    back = {
        "payment_id": "p",
        "provider": "demo",
        "journal_id": 1,
        "amount_micro": 9,
        **numbered,
    }
    late = {
        "reconnection_id": uuid4(),
        "meter_id": "m",
        "cause": "payment",
        "caused_at": AT,
        "deadline_at": AT,
        "stage": ReconnectionStage.SENT,
        **same,
    }
    states = {
        SupplyState.DISCONNECTED: SupplyState.DISCONNECTING,
        SupplyState.ARMED: SupplyState.DISCONNECTED,
        SupplyState.CONNECTED: SupplyState.RECONNECTING,
    }
    return [
        LowBalance(**low),
        LowBalance(**low, warned_by=WarnedBy.DAYS_LEFT, measure=3),
        LowBalance(**low, ends=MoneyEnds(p10=AT, p50=AT, p90=AT, cut_from=AT, buy_by=AT,
                                         timezone="Asia/Shanghai")),
        BalanceExhausted(**numbered),
        BalanceExhausted(**numbered, pay_url="https://pay.example/p/0123456789abcdef"),
        ToppedUp(**paid),
        ToppedUp(**paid, paid_off_micro=4, owed_micro=5),
        *(SupplyChanged(state=to, previous=previous, **supply) for to, previous in states.items()),
        *(SupplyChanged(state=SupplyState.LIMITED, previous=SupplyState.CONNECTED, limit_w=limit_w,
                        **supply) for limit_w in (None, 3000)),
        SupplyChanged(state=SupplyState.LIMITED, previous=SupplyState.LIMITED, limit_w=3000,
                      **supply),
        *(DebtChanged(news=news, instalments=count, next_due=due, **debt) for news in DebtNews
          for count, due in ((0, None), (3, date(2026, 4, 1)))),
        *(PaymentReminder(statement_id=uuid4(), statement_number=7, step_days=15, open_micro=9,
                          period_first=date(2026, 1, 1), period_end=date(2026, 2, 1),
                          due_on=date(2026, 2, 14), overdue_micro=9, late_micro=late_micro,
                          settled_at_micro=0, **numbered) for late_micro in (0, 3)),
        ToppedUp(**paid, repaid_micro=3),
        *(EmergencyCreditChanged(emergency_credit_id=uuid4(), news=news, amount_micro=9,
                                 left_micro=5, **numbered)
          for news in (EmergencyCreditNews.OFFERED, EmergencyCreditNews.ACCEPTED)),
        *(PaymentTakenBack(**back, owed_again_micro=again) for again in (0, 3)),
        *(ReconnectionLate(**late, credit_micro=credit) for credit in (0, 3)),
        SupplyApology(undo_id=uuid4(), cut_at=AT, **same),
        *(Credited(kind="adjustment", source="a", amount_micro=micro, **numbered)
          for micro in (3, -3)),
        *(AccountModeChanged(change_id=uuid4(), mode=mode, effective_at=AT, **same)
          for mode in Mode),
        AutoTopUpFailed(account_id=UUID(int=7), mandate_id=uuid4(), request_id=uuid4(),
                        provider="stripe", amount_micro=9, currency="CNY", code="insufficient",
                        retry_on=date(2026, 4, 1), balance_micro=1, balance_number=1, at=AT),
        *(AutoTopUpFailed(account_id=UUID(int=7), mandate_id=uuid4(), request_id=uuid4(),
                          provider="bank", amount_micro=9, currency="CNY", code="AM04",
                          retry_on=retry_on, balance_micro=1, balance_number=1, at=AT,
                          statement_number=number, why=NotCollected.NO_MONEY)
          for retry_on in (None, date(2026, 4, 1)) for number in (None, 7)),
        MandateSuspended(account_id=UUID(int=7), mandate_id=uuid4(), provider="stripe",
                         reason="insufficient", at=AT),
    ]  # fmt: skip


def test_whoever_accepts_credit_by_sms_is_told_once():
    """By the answer to the word: the event tells those who accepted elsewhere."""
    accepted = {
        "emergency_credit_id": uuid4(),
        "account_id": uuid4(),
        "news": EmergencyCreditNews.ACCEPTED,
        "amount_micro": 9,
        "balance_micro": 1,
        "balance_number": 1,
        "left_micro": 5,
        "currency": "CNY",
        "at": AT,
    }
    account = Account(accepted["account_id"])
    assert called_for(EmergencyCreditChanged(**accepted, means="sms"), account) is None
    for means in (None, "app", "desk"):
        call = called_for(EmergencyCreditChanged(**accepted, means=means), account)
        assert call is not None
        assert call.template is Template.EMERGENCY_CREDIT_ACCEPTED


def test_every_template_has_an_event_here():
    apart = ANSWERS | CAMPAIGNS | set(TOLD_AS)
    assert {_planned(event)[0] for event in _events()} == set(Template) - apart
    assert set(Template) == set(PARAMETERS)


@pytest.mark.parametrize("template", Template)
def test_what_a_gateway_is_given_is_what_every_text_has(template):
    assert PARAMETERS[template] <= set(VARIABLES[template].required)


@pytest.mark.parametrize("event", _events(), ids=lambda each: type(each).__name__)
def test_a_template_has_what_its_event_gives(event):
    template, names = _planned(event)
    assert names in [set(each) for each in VARIABLES[template].presences()], names
