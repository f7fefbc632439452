"""How to pay, as the ledger tells it: whom it reaches, and whom not."""

import json
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import msgspec
import pytest

from notifier.notices.calls import Account, called_for
from notifier.notices.planning import for_nominated
from notifier.notices.values import PAGE_CHARS_MAX, Template
from notifier.webhooks.messages import message_of
from prewatt_common.contracts.ledger_events_v1 import (
    AutoTopUpFailed,
    BalanceExhausted,
    LowBalance,
    NotCollected,
    PaymentReminder,
    SupplyChanged,
    SupplyState,
)

AT = datetime(2026, 3, 1, tzinfo=UTC)
ACCOUNT = UUID(int=7)
URL = "https://pay.example/p/0123456789abcdef"
SAME = {
    "account_id": ACCOUNT, "balance_micro": -5, "balance_number": 1, "currency": "CNY", "at": AT,
}  # fmt: skip


def supply(state: SupplyState, previous: SupplyState, **more) -> SupplyChanged:
    return SupplyChanged(
        state=state, previous=previous, meter_ids=("m",), decision_id=None, rules=(), **SAME, **more
    )


WARNING = [
    (LowBalance(threshold_micro=9, pay_url=URL, **SAME), Template.LOW_BALANCE),
    (BalanceExhausted(pay_url=URL, **SAME), Template.BALANCE_EXHAUSTED),
    (
        supply(SupplyState.DISCONNECTED, SupplyState.DISCONNECTING, pay_url=URL),
        Template.SUPPLY_OFF,
    ),
    (
        supply(SupplyState.LIMITED, SupplyState.DISCONNECTING, limit_w=300, pay_url=URL),
        Template.SUPPLY_LIMITED,
    ),
]
FAILED = AutoTopUpFailed(
    account_id=ACCOUNT, mandate_id=uuid4(), request_id=uuid4(), provider="p", amount_micro=9,
    currency="CNY", code="no", retry_on=date(2026, 3, 3), pay_url=URL, balance_micro=-5,
    balance_number=1, at=AT,
)  # fmt: skip
NOT_COLLECTED = msgspec.structs.replace(
    FAILED, statement_id=uuid4(), statement_number=7, why=NotCollected.REFUSED, retry_on=None
)
OVERDUE = PaymentReminder(
    statement_id=uuid4(), statement_number=7, step_days=15, period_first=date(2026, 1, 1),
    period_end=date(2026, 2, 1), due_on=date(2026, 2, 14), open_micro=9, overdue_micro=9,
    late_micro=0, settled_at_micro=4, pay_url=URL, **SAME,
)  # fmt: skip
ASKING = [
    *WARNING, (FAILED, Template.AUTO_TOP_UP_FAILED), (OVERDUE, Template.PAYMENT_REMINDER),
    (NOT_COLLECTED, Template.COLLECTION_FAILED),
]  # fmt: skip


@pytest.mark.parametrize(("event", "template"), ASKING)
def test_what_asks_for_money_says_the_accounts_own_link(event, template):
    call = called_for(event, Account(ACCOUNT))
    assert call is not None
    assert (call.template, call.facts.pay_at) == (template, URL)
    without = called_for(msgspec.structs.replace(event, pay_url=None), Account(ACCOUNT))
    assert without is not None
    assert without.facts.pay_at is None, "the utility's page, if it names one"


@pytest.mark.parametrize(("event", "template"), WARNING)
def test_a_nominated_person_gets_no_link(event, template):
    call = called_for(event, Account(ACCOUNT))
    assert call is not None
    theirs = for_nominated(call)
    assert theirs is not None
    assert theirs.facts.pay_at is None


@pytest.mark.parametrize(("event", "template"), ASKING)
def test_another_system_is_told_no_link(event, template):
    body = message_of(uuid4(), event).body
    assert URL not in body
    data = json.loads(body)["data"]
    assert data == json.loads(msgspec.json.encode(event)) | {"pay_url": None}


def test_a_link_that_is_too_long_for_an_sms_is_not_told():
    longest = f"https://{'d' * (PAGE_CHARS_MAX - len('https:///p/') - 16)}/p/{'0' * 16}"
    for url, told in ((longest, longest), (longest + "0", None)):
        call = called_for(BalanceExhausted(pay_url=url, **SAME), Account(ACCOUNT))
        assert call is not None
        assert call.facts.pay_at == told


@pytest.mark.parametrize(
    "url", ["ftp://pay.example/p/0", "https://pay.example/p/ 0", "https://", ""]
)
def test_what_is_no_link_is_refused_where_it_is_read(url):
    body = msgspec.json.encode(BalanceExhausted(pay_url=url, **SAME))
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=BalanceExhausted)
