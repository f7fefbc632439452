"""Which notices ledger events call for, and which they make untrue."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifier_events import next_number

from notifier.contacts.consents import Purpose
from notifier.contacts.values import Channel, Contact, Language
from notifier.notices.calls import Account
from notifier.notices.order import Place, Told
from notifier.notices.overtaken import OpenNotice, makes_untrue
from notifier.notices.planning import Cause, Plan, plan_notices
from notifier.notices.treatment import LIFETIMES, PRIORITIES, PURPOSES, gives_up_at, worth_until
from notifier.notices.values import Facts, Notice, Status, Template
from prewatt_common.contracts.ledger_events_v1 import (
    AccountOpened,
    AutoTopUpFailed,
    BalanceExhausted,
    Credited,
    DebtChanged,
    DebtNews,
    LowBalance,
    MandateSuspended,
    NotCollected,
    PaidOff,
    PaymentReminder,
    ReconnectionLate,
    ReconnectionStage,
    SupplyApology,
    SupplyChanged,
    SupplyState,
    ToppedUp,
)
from prewatt_common.contracts.mode_events_v1 import AccountModeChanged
from prewatt_common.contracts.procedure_v1 import Mode

ACCOUNT, OTHER = uuid4(), uuid4()
AT = datetime(2026, 3, 1, tzinfo=UTC)
MAIL = Contact(
    ACCOUNT, Language.EN, "a@example.com", "+8613800000000", (Channel.EMAIL, Channel.SMS)
)


def low(balance_micro: int = 5, *, threshold_micro: int = 20, account: UUID = ACCOUNT):
    return LowBalance(
        account_id=account,
        balance_micro=balance_micro,
        balance_number=next_number(),
        threshold_micro=threshold_micro,
        currency="CNY",
        at=AT,
    )


def top_up_failed(*, retry_on: date | None):
    return AutoTopUpFailed(
        account_id=ACCOUNT,
        mandate_id=uuid4(),
        request_id=uuid4(),
        provider="stripe",
        amount_micro=7,
        currency="CNY",
        code="insufficient_funds",
        retry_on=retry_on,
        balance_micro=3,
        balance_number=next_number(),
        at=AT,
    )


DEBT, OTHER_DEBT = UUID(int=1), UUID(int=2)


def not_collected(*, statement: int | None = None, retry_on: date | None = date(2026, 3, 3)):
    """Seven, with a balance of three."""
    return msgspec.structs.replace(
        top_up_failed(retry_on=retry_on),
        debt_id=DEBT if statement is None else None,
        statement_id=None if statement is None else uuid4(),
        statement_number=statement,
        why=NotCollected.NO_MONEY,
    )


SUSPENDED = MandateSuspended(
    account_id=ACCOUNT, mandate_id=uuid4(), provider="stripe", reason="insufficient_funds", at=AT
)


def exhausted(balance_micro: int = 0, *, account: UUID = ACCOUNT):
    return BalanceExhausted(
        account_id=account,
        balance_micro=balance_micro,
        balance_number=next_number(),
        currency="CNY",
        at=AT,
    )


def topped_up(balance_micro: int, *, account: UUID = ACCOUNT):
    return ToppedUp(
        balance_number=next_number(),
        account_id=account,
        payment_id="p",
        provider="demo",
        amount_micro=100,
        balance_micro=balance_micro,
        currency="CNY",
        at=AT,
    )


def credited(balance_micro: int, *, account: UUID = ACCOUNT):
    return Credited(
        balance_number=next_number(),
        account_id=account,
        kind="sla_credit",
        source="reconnection/1",
        amount_micro=5,
        balance_micro=balance_micro,
        currency="CNY",
        at=AT,
    )


def late(credit_micro: int = 5, *, account: UUID = ACCOUNT):
    return ReconnectionLate(
        reconnection_id=uuid4(),
        account_id=account,
        meter_id="m",
        cause="payment",
        caused_at=AT,
        deadline_at=AT,
        stage=ReconnectionStage.ISSUED,
        credit_micro=credit_micro,
        balance_micro=10,
        currency="CNY",
        at=AT,
    )


def supply(
    state: SupplyState,
    *,
    previous: SupplyState = SupplyState.CONNECTED,
    account: UUID = ACCOUNT,
    limit_w: int | None = None,
):
    return SupplyChanged(
        account_id=account,
        meter_ids=("m",),
        previous=previous,
        state=state,
        limit_w=limit_w,
        decision_id=None,
        rules=(),
        balance_micro=0,
        balance_number=next_number(),
        currency="CNY",
        at=AT,
    )


LIMITED = SupplyState.LIMITED


def limited(limit_w: int | None, previous: SupplyState = SupplyState.DISCONNECTING):
    return supply(LIMITED, previous=previous, limit_w=limit_w)


def apology():
    return SupplyApology(
        account_id=ACCOUNT, undo_id=uuid4(), cut_at=AT, balance_micro=-9, currency="CNY", at=AT
    )


def debt(news: DebtNews, *, instalments: int = 0):
    return DebtChanged(
        account_id=ACCOUNT,
        news=news,
        amount_micro=7,
        owed_micro=9,
        after_days=30,
        instalments=instalments,
        next_due=date(2026, 4, 1) if instalments else None,
        balance_micro=5,
        currency="CNY",
        at=AT,
    )


def reminder(settled_at_micro: int = -20):
    return PaymentReminder(
        account_id=ACCOUNT,
        statement_id=uuid4(),
        statement_number=7,
        step_days=15,
        period_first=date(2026, 1, 1),
        period_end=date(2026, 2, 1),
        due_on=date(2026, 2, 14),
        open_micro=30,
        overdue_micro=30,
        late_micro=4,
        settled_at_micro=settled_at_micro,
        balance_micro=-50,
        balance_number=next_number(),
        currency="CNY",
        at=AT,
    )


def mode_changed(mode: Mode):
    return AccountModeChanged(
        account_id=ACCOUNT,
        change_id=uuid4(),
        mode=mode,
        effective_at=AT,
        balance_micro=-50,
        currency="CNY",
        at=AT,
    )


def later(events):
    """Each event a second and a balance after the one before, as the ledger stamps them."""
    return [
        numbered(msgspec.structs.replace(event, at=AT + timedelta(seconds=second)), second)
        for second, event in enumerate(events)
    ]


def numbered(event, number: int):
    """As of that balance, if it speaks of one."""
    if not hasattr(event, "balance_number"):
        return event
    return msgspec.structs.replace(event, balance_number=number)


def plan(
    *events, taken=(), accounts=None, contacts=None, declined=None, nominated=None, open_notices=()
) -> Plan:
    return plan_notices(
        causes=[event if isinstance(event, Cause) else Cause(uuid4(), event) for event in events],
        taken=taken,
        accounts=accounts or {},
        contacts=contacts or {},
        declined=declined or {},
        nominated=nominated or {},
        open_notices=open_notices,
        default_language=Language.ZH_CN,
        zone=UTC,
        lifetimes=LIFETIMES,
        now=AT,
    )


def test_what_a_customer_declines_is_kept_and_not_said():
    declined = {ACCOUNT: {Purpose.PAYMENTS}}
    made = plan(low(), topped_up(50), declined=declined)
    assert said(made) == [
        (Template.LOW_BALANCE, Status.WITHDRAWN),
        (Template.TOPPED_UP, Status.DECLINED),
    ]
    # Supply is told whatever is written down: the setting says what may be declined.
    assert set(PURPOSES) == set(Template)
    assert PURPOSES[Template.LOW_BALANCE] is Purpose.SUPPLY
    # Who wants no notices at all has declined more than a purpose.
    nothing = {ACCOUNT: Contact(ACCOUNT, Language.EN, None, None, ())}
    assert said(plan(topped_up(50), contacts=nothing, declined=declined)) == [
        (Template.TOPPED_UP, Status.SUPPRESSED)
    ]


def said(made: Plan) -> list[tuple[Template, Status]]:
    return [(notice.template, notice.status) for notice in made.notices]


QUEUED, WITHDRAWN = Status.QUEUED, Status.WITHDRAWN


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param([low()], [(Template.LOW_BALANCE, QUEUED)], id="low"),
        pytest.param([exhausted()], [(Template.BALANCE_EXHAUSTED, QUEUED)], id="exhausted"),
        pytest.param([topped_up(50)], [(Template.TOPPED_UP, QUEUED)], id="topped up"),
        pytest.param(
            [low(), topped_up(21)],
            [(Template.LOW_BALANCE, WITHDRAWN), (Template.TOPPED_UP, QUEUED)],
            id="a payment above the threshold",
        ),
        pytest.param(
            [low(), topped_up(20)],
            [(Template.LOW_BALANCE, WITHDRAWN), (Template.TOPPED_UP, QUEUED)],
            id="after any payment the receipt says what is left",
        ),
        pytest.param(
            [low(), credited(20)],
            [(Template.LOW_BALANCE, QUEUED)],
            id="a credit up to the threshold is not enough",
        ),
        pytest.param(
            [low(5), low(3)],
            [(Template.LOW_BALANCE, WITHDRAWN), (Template.LOW_BALANCE, QUEUED)],
            id="the newer reminder says what is left now",
        ),
        pytest.param(
            [low(3), exhausted(0)],
            [(Template.LOW_BALANCE, WITHDRAWN), (Template.BALANCE_EXHAUSTED, QUEUED)],
            id="'3 left' does not leave at a balance of 0",
        ),
        pytest.param(
            [exhausted(0), low(3)],
            [(Template.BALANCE_EXHAUSTED, QUEUED), (Template.LOW_BALANCE, QUEUED)],
            id="a low balance does not take back that it was used up",
        ),
        pytest.param(
            [low(), exhausted(), supply(SupplyState.DISCONNECTED)],
            [
                (Template.LOW_BALANCE, WITHDRAWN),
                (Template.BALANCE_EXHAUSTED, WITHDRAWN),
                (Template.SUPPLY_OFF, QUEUED),
            ],
            id="nobody whose supply is off is told that it may be",
        ),
        pytest.param(
            [exhausted(), topped_up(1)],
            [(Template.BALANCE_EXHAUSTED, WITHDRAWN), (Template.TOPPED_UP, QUEUED)],
            id="a payment that ends exhaustion",
        ),
        pytest.param(
            [exhausted(-9), topped_up(0)],
            [(Template.BALANCE_EXHAUSTED, QUEUED), (Template.TOPPED_UP, QUEUED)],
            id="a payment that goes into emergency credit",
        ),
        pytest.param(
            [topped_up(50), low()],
            [(Template.TOPPED_UP, QUEUED), (Template.LOW_BALANCE, QUEUED)],
            id="low again after a payment",
        ),
        pytest.param(
            [low(), topped_up(50, account=OTHER)],
            [(Template.LOW_BALANCE, QUEUED), (Template.TOPPED_UP, QUEUED)],
            id="somebody else's payment",
        ),
        pytest.param(
            [supply(SupplyState.DISCONNECTED), topped_up(50)],
            [(Template.SUPPLY_OFF, WITHDRAWN), (Template.TOPPED_UP, QUEUED)],
            id="nobody who has paid is asked to",
        ),
        pytest.param(
            [supply(SupplyState.DISCONNECTED), supply(SupplyState.CONNECTED)],
            [(Template.SUPPLY_OFF, WITHDRAWN), (Template.SUPPLY_ON, QUEUED)],
            id="off and back",
        ),
        pytest.param(
            [supply(SupplyState.DISCONNECTED), supply(SupplyState.ARMED)],
            [(Template.SUPPLY_OFF, WITHDRAWN), (Template.SUPPLY_ARMED, QUEUED)],
            id="off and armed",
        ),
        pytest.param(
            [
                supply(SupplyState.DISCONNECTED),
                supply(SupplyState.ARMED),
                supply(SupplyState.CONNECTED, previous=SupplyState.ARMED),
            ],
            [
                (Template.SUPPLY_OFF, WITHDRAWN),
                (Template.SUPPLY_ARMED, WITHDRAWN),
                (Template.SUPPLY_ON, QUEUED),
            ],
            id="off, armed and back",
        ),
        pytest.param(
            [
                supply(SupplyState.DISCONNECTED),
                supply(SupplyState.WARNED),
                supply(SupplyState.DISCONNECTED),
            ],
            [
                (Template.SUPPLY_OFF, WITHDRAWN),
                (Template.SUPPLY_ON, WITHDRAWN),
                (Template.SUPPLY_OFF, QUEUED),
            ],
            id="off, back with a low balance, off",
        ),
        pytest.param([credited(50)], [], id="a credit is told with what it is for"),
        pytest.param(
            [low(), credited(21)],
            [(Template.LOW_BALANCE, WITHDRAWN)],
            id="a credit that is enough",
        ),
        pytest.param(
            [supply(SupplyState.DISCONNECTED), topped_up(50), late()],
            [
                (Template.SUPPLY_OFF, WITHDRAWN),
                (Template.TOPPED_UP, QUEUED),
                (Template.RECONNECTION_LATE, QUEUED),
            ],
            id="paid and still dark",
        ),
        pytest.param(
            [supply(SupplyState.DISCONNECTED), late(), supply(SupplyState.CONNECTED)],
            [
                (Template.SUPPLY_OFF, WITHDRAWN),
                (Template.RECONNECTION_LATE, WITHDRAWN),
                (Template.SUPPLY_ON, QUEUED),
            ],
            id="late, and back before it was told",
        ),
        pytest.param(
            [exhausted(), supply(SupplyState.DISCONNECTED), apology(), supply(SupplyState.WARNED)],
            [
                (Template.BALANCE_EXHAUSTED, WITHDRAWN),
                (Template.SUPPLY_OFF, WITHDRAWN),
                (Template.SUPPLY_APOLOGY, QUEUED),
                (Template.SUPPLY_ON, QUEUED),
            ],
            id="nobody who was cut by our mistake is asked to pay",
        ),
        *(
            pytest.param([supply(state)], [], id=f"{state} without a cut")
            for state in SupplyState
            if state not in (SupplyState.DISCONNECTED, SupplyState.ARMED, SupplyState.LIMITED)
        ),
        pytest.param(
            [supply(SupplyState.LIMITED), supply(SupplyState.CONNECTED)],
            [(Template.SUPPLY_LIMITED, WITHDRAWN), (Template.SUPPLY_ON, QUEUED)],
            id="a limit and its end",
        ),
        pytest.param(
            [supply(SupplyState.LIMITED), topped_up(50)],
            [(Template.SUPPLY_LIMITED, WITHDRAWN), (Template.TOPPED_UP, QUEUED)],
            id="paid before the limit was told",
        ),
        pytest.param(
            [
                supply(SupplyState.DISCONNECTED),
                supply(SupplyState.LIMITED, previous=SupplyState.DISCONNECTED),
                supply(SupplyState.LIMITED, previous=SupplyState.LIMITED),
            ],
            [(Template.SUPPLY_OFF, WITHDRAWN), (Template.SUPPLY_LIMITED, QUEUED)],
            id="limited in place of a cut",
        ),
        pytest.param(
            [limited(300), limited(500, LIMITED), limited(500, LIMITED), limited(400, LIMITED)],
            [(Template.SUPPLY_LIMITED, QUEUED), (Template.SUPPLY_LIMIT_RAISED, QUEUED)],
            id="a limit that is raised, told once however often the meter is asked",
        ),
        pytest.param(
            [limited(300), limited(500, LIMITED), limited(300, SupplyState.DISCONNECTING)],
            [
                (Template.SUPPLY_LIMITED, QUEUED),
                (Template.SUPPLY_LIMIT_RAISED, WITHDRAWN),
                (Template.SUPPLY_LIMITED, QUEUED),
            ],
            id="a limit that is raised and lowered",
        ),
        pytest.param(
            [limited(300), limited(500, LIMITED), limited(700, LIMITED), limited(700, LIMITED)],
            [
                (Template.SUPPLY_LIMITED, QUEUED),
                (Template.SUPPLY_LIMIT_RAISED, WITHDRAWN),
                (Template.SUPPLY_LIMIT_RAISED, QUEUED),
            ],
            id="a limit that is raised twice",
        ),
        pytest.param(
            [limited(300), limited(500, LIMITED), topped_up(50)],
            [
                (Template.SUPPLY_LIMITED, WITHDRAWN),
                (Template.SUPPLY_LIMIT_RAISED, WITHDRAWN),
                (Template.TOPPED_UP, QUEUED),
            ],
            id="who has paid has no limit",
        ),
        pytest.param(
            [limited(300), limited(500, LIMITED), supply(SupplyState.WARNED)],
            [
                (Template.SUPPLY_LIMITED, WITHDRAWN),
                (Template.SUPPLY_LIMIT_RAISED, WITHDRAWN),
                (Template.SUPPLY_ON, QUEUED),
            ],
            id="a limit that is lifted",
        ),
        pytest.param(
            [limited(None), limited(500, LIMITED)],
            [(Template.SUPPLY_LIMITED, QUEUED)],
            id="nobody knows whether it is raised",
        ),
        pytest.param(
            [supply(SupplyState.LIMITED), supply(SupplyState.DISCONNECTED)],
            [(Template.SUPPLY_LIMITED, WITHDRAWN), (Template.SUPPLY_OFF, QUEUED)],
            id="a cut in place of the limit",
        ),
        pytest.param(
            [top_up_failed(retry_on=date(2026, 3, 3)), topped_up(5)],
            [(Template.AUTO_TOP_UP_FAILED, WITHDRAWN), (Template.TOPPED_UP, QUEUED)],
            id="who has paid is not told that it failed",
        ),
        pytest.param(
            [top_up_failed(retry_on=None), SUSPENDED],
            [(Template.MANDATE_SUSPENDED, QUEUED)],
            id="the end of an automatic top-up is told once",
        ),
        pytest.param(
            [supply(SupplyState.DISCONNECTED), supply(SupplyState.RECONNECTING)],
            [(Template.SUPPLY_OFF, QUEUED)],
            id="reconnecting is not back yet",
        ),
    ],
)
def test_what_events_call_for(events, expected):
    assert said(plan(*later(events))) == expected


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (topped_up(-20), WITHDRAWN),
        (topped_up(0), WITHDRAWN),
        # A part of it is paid: what is left is still asked for.
        (topped_up(-21), QUEUED),
        (low(), QUEUED),
        (apology(), QUEUED),
        (mode_changed(Mode.PREPAY), WITHDRAWN),
        (mode_changed(Mode.ARREARS), QUEUED),
    ],
)
def test_a_payment_reminder_is_withdrawn_once_its_statement_is_paid(event, status):
    made = plan(*later([reminder(), event]))
    assert said(made)[0] == (Template.PAYMENT_REMINDER, status)
    facts = made.notices[0].facts
    assert (facts.amount_micro, facts.statement_number, facts.late_micro) == (30, 7, 4)
    assert (facts.period_first, facts.period_last) == (date(2026, 1, 1), date(2026, 1, 31))


def paid_off(micro: int, debt_id: UUID = DEBT) -> ToppedUp:
    paid = (PaidOff(debt_id=debt_id, amount_micro=micro),)
    return msgspec.structs.replace(topped_up(3), paid_off_micro=micro, paid_off=paid)


def changed(news: DebtNews, *owed: UUID) -> DebtChanged:
    return msgspec.structs.replace(debt(news), owed_debts=owed)


@pytest.mark.parametrize(
    ("statement", "event", "status"),
    [
        (42, topped_up(10), WITHDRAWN),
        # A part of it is paid: what is left is still asked for.
        (42, topped_up(9), QUEUED),
        (42, credited(10), WITHDRAWN),
        (42, changed(DebtNews.PAID), QUEUED),
        (42, paid_off(7), QUEUED),
        (42, mode_changed(Mode.PREPAY), WITHDRAWN),
        *(
            (statement, event, QUEUED)
            for statement in (None, 42)
            for event in (low(), debt(DebtNews.OWED), not_collected(statement=statement))
        ),
        (None, paid_off(7), WITHDRAWN),
        (None, paid_off(6), QUEUED),
        # Other money, however much, pays no instalment; nor does what another debt had.
        (None, topped_up(1_000), QUEUED),
        (None, credited(1_000), QUEUED),
        (None, paid_off(1_000, OTHER_DEBT), QUEUED),
        # It was paid, or written off, meanwhile; or only another one was.
        (None, changed(DebtNews.PAID), WITHDRAWN),
        (None, changed(DebtNews.WRITTEN_OFF, OTHER_DEBT), WITHDRAWN),
        (None, changed(DebtNews.PAID, DEBT), QUEUED),
        (None, changed(DebtNews.WRITTEN_OFF, DEBT), QUEUED),
        (None, debt(DebtNews.PAID), QUEUED),
        (None, mode_changed(Mode.PREPAY), QUEUED),
    ],
)
def test_what_was_not_collected_is_told_until_that_is_paid(statement, event, status):
    failed, after = later([not_collected(statement=statement), event])
    made = plan(failed, after)
    assert said(made)[0] == (Template.COLLECTION_FAILED, status)
    facts = made.notices[0].facts
    assert (facts.amount_micro, facts.statement_number) == (7, statement)
    assert (facts.why, facts.retry_on) == (NotCollected.NO_MONEY, date(2026, 3, 3))
    # From another batch likewise.
    (first,) = made.notices[:1]
    waiting = OpenNotice(
        first.id, ACCOUNT, first.template, first.settled_above_micro, first.facts.debt_id
    )
    again = plan(after, accounts={}, open_notices=[waiting])
    assert again.withdrawn == ([first.id] if status is WITHDRAWN else [])


@pytest.mark.parametrize("statement", [None, 42])
@pytest.mark.parametrize(
    "event",
    [topped_up(10), credited(10), changed(DebtNews.PAID), paid_off(7), mode_changed(Mode.PREPAY)],
)
def test_that_nothing_is_collected_any_more_is_told_whatever_is_paid(statement, event):
    """Nothing else says that the mandate is suspended."""
    failed, after = later([not_collected(statement=statement, retry_on=None), event])
    made = plan(failed, after)
    assert said(made)[0] == (Template.COLLECTION_FAILED, QUEUED)
    (first,) = made.notices[:1]
    waiting = OpenNotice(
        first.id, ACCOUNT, first.template, first.settled_above_micro, first.facts.debt_id
    )
    assert plan(after, accounts={}, open_notices=[waiting]).withdrawn == []


@pytest.mark.parametrize(
    ("retry_on", "until"),
    [
        # Till its day begins, however far away.
        (AT.date() + timedelta(days=30), datetime.combine(AT.date(), time(), UTC) + timedelta(30)),
        (AT.date() + timedelta(days=1), datetime.combine(AT.date(), time(), UTC) + timedelta(1)),
        # It waited for us, or is tried again today.
        (AT.date(), AT + timedelta(hours=12)),
        (AT.date() - timedelta(days=3), AT + timedelta(hours=12)),
        # It says that the mandate is over.
        (None, AT + timedelta(days=7)),
    ],
)
def test_what_was_not_collected_is_told_until_it_is_tried_again(retry_on, until):
    (notice,) = plan(not_collected(retry_on=retry_on)).notices
    assert notice.expires_at == max(until, AT + timedelta(hours=12))


def test_its_day_begins_in_the_zone_of_its_customers():
    facts = Facts(at=AT, currency="CNY", retry_on=date(2026, 3, 9))
    until = worth_until(
        Template.COLLECTION_FAILED, facts, now=AT, lifetimes=LIFETIMES,
        zone=ZoneInfo("Asia/Shanghai"),
    )  # fmt: skip
    assert until == datetime(2026, 3, 8, 16, tzinfo=UTC)


def test_an_attempt_is_told_once_and_says_that_it_was_the_last():
    """That the mandate is suspended by it, it says itself."""
    failed = Cause(uuid4(), not_collected(retry_on=None))
    suspended = msgspec.structs.replace(SUSPENDED, request_id=uuid4())
    made = plan(failed, suspended, failed)
    assert said(made) == [(Template.COLLECTION_FAILED, QUEUED)]
    assert made.notices[0].facts.retry_on is None


@pytest.mark.parametrize("instalments", [0, 3])
@pytest.mark.parametrize("news", DebtNews)
def test_a_debt_is_told_once_and_no_reminder_is_settled_by_it(news, instalments):
    cause = Cause(uuid4(), debt(news, instalments=instalments))
    made = plan(low(), cause, cause)
    assert [notice.template for notice in made.notices] == [
        Template.LOW_BALANCE, f"debt-{news.replace('_', '-')}",
    ]  # fmt: skip
    assert said(made)[0][1] is QUEUED
    facts = made.notices[1].facts
    assert (facts.amount_micro, facts.owed_micro, facts.balance_micro) == (7, 9, 5)
    assert facts.instalments == (instalments or None)
    assert plan(cause, taken={cause.id}).notices == []


def test_a_receipt_says_what_went_to_debts_where_something_did():
    paid = msgspec.structs.replace(topped_up(5), paid_off_micro=40, owed_micro=2)
    with_debts, without = (plan(event).notices[0].facts for event in (paid, topped_up(5)))
    assert (with_debts.paid_off_micro, with_debts.owed_micro) == (40, 2)
    assert (without.paid_off_micro, without.owed_micro) == (None, None)


def test_supply_off_is_remembered_between_batches():
    off, on = later([supply(SupplyState.DISCONNECTED), supply(SupplyState.CONNECTED)])
    first = plan(off)
    assert first.accounts == {
        ACCOUNT: Account(ACCOUNT, supply_off_since=off.at, newest=Told(Place(0, True), off.at))
    }
    second = plan(on, accounts=first.accounts)
    assert said(second) == [(Template.SUPPLY_ON, QUEUED)]
    assert second.accounts == {ACCOUNT: Account(ACCOUNT, newest=Told(Place(1, True), on.at))}


def test_the_limit_that_was_told_is_remembered_between_batches():
    first, raised, off = later(
        [limited(300), limited(500, LIMITED), supply(SupplyState.DISCONNECTED, previous=LIMITED)]
    )
    told = plan(first)
    assert told.accounts[ACCOUNT].limit_w == 300
    more = plan(raised, accounts=told.accounts)
    (notice,) = more.notices
    assert (notice.template, notice.facts.limit_w) == (Template.SUPPLY_LIMIT_RAISED, 500)
    assert more.accounts[ACCOUNT].limit_w == 500
    assert plan(off, accounts=more.accounts).accounts[ACCOUNT].limit_w is None


def test_a_raise_that_waits_for_the_morning_is_overtaken_by_the_next_one():
    waiting = OpenNotice(uuid4(), ACCOUNT, Template.SUPPLY_LIMIT_RAISED, 0)
    limit = OpenNotice(uuid4(), ACCOUNT, Template.SUPPLY_LIMITED, 0)
    told = {ACCOUNT: Account(ACCOUNT, limit_w=500)}
    for limit_w, overtaken in ((700, [waiting.id]), (500, [])):
        made = plan(limited(limit_w, LIMITED), accounts=told, open_notices=[waiting, limit])
        assert made.withdrawn == overtaken


def test_a_connected_state_that_comes_again_after_the_cut_is_no_return():
    on, off = later([supply(SupplyState.CONNECTED), supply(SupplyState.DISCONNECTED)])
    before = plan(on, off)
    waiting = OpenNotice(before.notices[0].id, ACCOUNT, Template.SUPPLY_OFF, 0)
    again = plan(on, accounts=before.accounts, open_notices=[waiting])
    assert again == Plan()


def test_an_opened_account_gives_its_number_and_no_notice():
    opened = AccountOpened(
        account_id=ACCOUNT,
        number="1001",
        currency="CNY",
        opened_at=AT,
        balance_micro=0,
        balance_number=0,
    )
    made = plan(opened)
    assert made.notices == []
    assert made.accounts == {ACCOUNT: Account(ACCOUNT, "1001")}


def test_a_repeat_changes_nothing():
    cause, paid = Cause(uuid4(), low()), Cause(uuid4(), topped_up(50))
    assert said(plan(cause, cause)) == [(Template.LOW_BALANCE, QUEUED)]
    # The payment comes again after a newer warning: that warning stays.
    newer = OpenNotice(uuid4(), ACCOUNT, Template.LOW_BALANCE, 20)
    again = plan(paid, taken={paid.id}, open_notices=[newer])
    assert again == Plan()


def test_open_notices_from_before_are_withdrawn():
    reminder = OpenNotice(uuid4(), ACCOUNT, Template.LOW_BALANCE, 20)
    others = OpenNotice(uuid4(), OTHER, Template.LOW_BALANCE, 20)
    receipt = OpenNotice(uuid4(), ACCOUNT, Template.TOPPED_UP, None)
    made = plan(topped_up(50), open_notices=[reminder, others, receipt])
    assert made.withdrawn == [reminder.id]


@pytest.mark.parametrize(
    ("mode", "withdrawn", "told"),
    [(Mode.ARREARS, 2, Template.NOW_POSTPAID), (Mode.PREPAY, 0, Template.NOW_PREPAID)],
)
def test_who_pays_afterwards_is_not_warned_of_a_balance(mode, withdrawn, told):
    changed = AccountModeChanged(
        account_id=ACCOUNT,
        change_id=uuid4(),
        mode=mode,
        effective_at=AT,
        balance_micro=5,
        currency="CNY",
        at=AT,
    )
    reminder = OpenNotice(uuid4(), ACCOUNT, Template.LOW_BALANCE, 20)
    offer = OpenNotice(uuid4(), ACCOUNT, Template.EMERGENCY_CREDIT_OFFERED, None)
    receipt = OpenNotice(uuid4(), ACCOUNT, Template.TOPPED_UP, None)
    made = plan(changed, open_notices=[reminder, offer, receipt])
    assert (len(made.withdrawn), said(made)) == (withdrawn, [(told, QUEUED)])


@pytest.mark.parametrize(
    ("kind", "amount_micro", "expected"),
    [
        ("adjustment", 7, [(Template.BALANCE_ADDED, QUEUED)]),
        ("transfer", -7, [(Template.BALANCE_TAKEN, QUEUED)]),
        # The apology for a late reconnection tells of it.
        ("sla_credit", 7, []),
    ],
)
def test_what_staff_moved_is_told_with_how_much_and_not_with_a_sign(kind, amount_micro, expected):
    moved = Credited(
        account_id=ACCOUNT,
        kind=kind,
        source="a",
        amount_micro=amount_micro,
        balance_micro=5,
        balance_number=next_number(),
        currency="CNY",
        at=AT,
    )
    made = plan(moved)
    assert said(made) == expected
    assert all(each.facts.amount_micro == 7 for each in made.notices)


def test_the_contact_decides_channel_and_language():
    (by_mail,) = plan(low(), contacts={ACCOUNT: MAIL}).notices
    assert (by_mail.channel, by_mail.recipient) == (Channel.EMAIL, "a@example.com")
    assert by_mail.language is Language.EN
    (unknown,) = plan(low()).notices
    assert (unknown.channel, unknown.recipient) == (Channel.LOG, "")
    assert unknown.language is Language.ZH_CN
    unwilling = Contact(ACCOUNT, Language.EN, None, None, ())
    (suppressed,) = plan(low(), contacts={ACCOUNT: unwilling}).notices
    assert suppressed.status is Status.SUPPRESSED


_events = st.one_of(
    st.builds(low, st.integers(-50, 20)),
    st.builds(exhausted, st.integers(-50, 0)),
    st.builds(topped_up, st.integers(-50, 100)),
    st.builds(supply, st.sampled_from(SupplyState)),
    st.builds(credited, st.integers(-50, 100)),
    st.builds(late, st.integers(0, 5)),
)
_causes = st.lists(_events, max_size=20).map(
    lambda events: [Cause(uuid4(), event) for event in later(events)]
)


def _as_open(notices: list[Notice]) -> list[OpenNotice]:
    return [
        OpenNotice(n.id, n.account_id, n.template, n.settled_above_micro)
        for n in notices
        if n.status is QUEUED
    ]


@given(causes=_causes, cut=st.integers(0, 20))
def test_batches_may_be_cut_anywhere(causes, cut):
    """One batch or two, the same notices stand open in the end."""
    whole = plan(*causes)
    first = plan(*causes[:cut])
    second = plan(*causes[cut:], accounts=first.accounts, open_notices=_as_open(first.notices))
    stopped = set(second.withdrawn)
    in_two = [n for n in first.notices + second.notices if n.id not in stopped]
    assert [n for n in whole.notices if n.status is QUEUED] == [
        n for n in in_two if n.status is QUEUED
    ]


@given(causes=_causes)
def test_taken_again_it_plans_nothing_new(causes):
    first = plan(*causes)
    made = {notice.cause_id for notice in first.notices}
    again = plan(*causes, taken=made, accounts=first.accounts)
    assert again.notices == []


@given(causes=_causes, balance_micro=st.integers(21, 100))
def test_after_a_payment_above_every_threshold_no_reminder_waits(causes, balance_micro):
    payment = topped_up(balance_micro)
    made = plan(*causes, payment)
    waiting = [n for n in made.notices if n.status is QUEUED]
    assert not any(makes_untrue(event=payment, notice=n) for n in waiting)
    no_reminders = {
        Template.TOPPED_UP,
        Template.SUPPLY_ON,
        Template.SUPPLY_ARMED,
        Template.RECONNECTION_LATE,
    }
    assert {n.template for n in waiting} <= no_reminders


def test_every_template_has_its_treatment():
    assert set(LIFETIMES) == set(PRIORITIES) == set(Template)


def test_the_channels_share_the_time_that_a_notice_has():
    (notice,) = plan(low(), contacts={ACCOUNT: MAIL}).notices
    whole = LIFETIMES[Template.LOW_BALANCE]
    assert (notice.give_up_at, notice.expires_at) == (AT + whole / 2, AT + whole)
    (only,) = plan(low()).notices
    assert only.give_up_at == only.expires_at


@given(left=st.timedeltas(timedelta(), timedelta(days=9)), channels=st.integers(-1, 5))
def test_no_channel_has_longer_than_the_notice(left, channels):
    until = gives_up_at(now=AT, expires_at=AT + left, channels_left=channels)
    assert AT <= until <= AT + left
