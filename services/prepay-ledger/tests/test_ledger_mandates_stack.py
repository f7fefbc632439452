"""Automatic top-up on PostgreSQL against a provider over HTTP: when money is asked for, how it is
sent, what closes a request, and that whoever dies in between charges nobody twice."""

import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest
from ledger_asked import asked_provider
from ledger_saving import BEGIN, POLICY, TERMS, Saving
from ledger_scratch import Scratch
from ledger_town import Dying, Killed

from prepay_ledger.mandates.refusals import (
    MandateExists,
    MandateIsEnded,
    NeedsConsent,
    NotUnanswered,
)
from prepay_ledger.mandates.values import MandateState, RequestState, Waits
from prepay_ledger.payment_requests.post import make_client
from prepay_ledger.providers.values import Kind

pytestmark = pytest.mark.stack

NEXT_DAY = timedelta(days=1)


@pytest.fixture
async def saving(own_database_url: str) -> AsyncGenerator[Saving]:
    scratch = Scratch(own_database_url)
    async with asked_provider() as provider, make_client() as client:
        made = Saving(scratch, provider, client)
        await made.begin()
        yield made
    await scratch.database.close()


async def refused(saving: Saving, code: str = "no_funds", status: int = 402) -> None:
    """The next request is made, and its provider says no."""
    saving.provider.answers = (status, {"error": {"code": code}})
    await saving.ask()
    await saving.send()
    saving.provider.answers = None
    await saving.ask()


async def test_a_balance_that_falls_to_the_threshold_is_topped_up(saving: Saving) -> None:
    mandate = await saving.open()
    await saving.move(-29)
    await saving.ask()
    assert await saving.requests() == []
    await saving.move(-1)
    await saving.ask()
    await saving.move(-5)
    await saving.ask()
    (request,) = await saving.requests()
    assert (request.state, request.requested_on) == (RequestState.REQUESTED, date(2026, 3, 15))
    assert (await saving.mandate(mandate)).waits is Waits.REQUEST_OPEN
    await saving.send()
    request = await saving.newest()
    assert request.state is RequestState.ACCEPTED
    assert saving.provider.charged[str(request.id)][1] == request.payment_id
    told = await saving.tell(Kind.PAID, payment_id=request.payment_id, request_id=request.id)
    assert told.outcome == "credited"
    await saving.ask()
    assert await saving.states() == ["paid"]
    assert await saving.balance() == 115
    assert (await saving.mandate(mandate)).waits is None
    await saving.move(-95)
    await saving.ask()
    assert await saving.states() == ["paid", "requested"]
    assert await saving.told("auto-top-up-requested") == 2


async def test_a_balance_that_is_low_as_the_mandate_begins_is_topped_up(saving: Saving) -> None:
    await saving.move(-40)
    await saving.open()
    assert await saving.states() == ["requested"]


async def test_readings_of_others_are_looked_at_by_nobody(saving: Saving) -> None:
    await saving.open()
    await saving.move(-10)
    assert await saving.scratch.sql("SELECT FROM top_up_due") == []
    await saving.move(-20)
    assert len(await saving.scratch.sql("SELECT FROM top_up_due")) == 1


async def test_money_from_elsewhere_withdraws_what_was_not_sent(saving: Saving) -> None:
    await saving.move(-40)
    await saving.open()
    await saving.move(30)
    await saving.send()
    await saving.ask()
    assert [(r.state, r.code) for r in await saving.requests()] == [
        ("withdrawn", "balance-restored")
    ]
    assert saving.provider.calls == []
    await saving.move(-30)
    await saving.ask()
    assert await saving.states() == ["withdrawn", "requested"]


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("after", range(6))
async def test_whoever_dies_between_two_steps_charges_once(
    saving: Saving, after: int, inside: bool
) -> None:
    await saving.open()
    await saving.move(-40)
    dying = Dying(saving.scratch, after=after, inside=inside)
    with pytest.raises(Killed):
        for job in (saving.asking(dying), saving.sending(dying)):
            await job()
    for _ in range(4):
        saving.now += POLICY.first_pause
        await saving.ask()
        await saving.send()
    (request,) = await saving.requests()
    assert request.state is RequestState.ACCEPTED
    assert list(saving.provider.charged) == [str(request.id)]
    assert set(saving.provider.calls) == {str(request.id)}
    assert await saving.told("auto-top-up-requested") == 1


async def test_a_webhook_before_the_answer_closes_the_request(saving: Saving) -> None:
    mandate = await saving.open()
    await saving.move(-40)
    await saving.ask()

    async def webhook() -> None:
        ((key, (_, payment_id)),) = saving.provider.charged.items()
        await saving.tell(Kind.PAID, payment_id=payment_id, request_id=key)

    saving.provider.before_answer = webhook
    await saving.send()
    await saving.ask()
    (request,) = await saving.requests()
    assert request.state is RequestState.PAID
    assert request.payment_id == saving.provider.charged[str(request.id)][1]
    assert (await saving.mandate(mandate)).waits is None
    assert await saving.balance() == 110


async def test_a_payment_that_names_no_request_closes_the_one_of_its_id(saving: Saving) -> None:
    await saving.open()
    await saving.move(-40)
    await saving.ask()
    await saving.send()
    await saving.tell(Kind.PAID, payment_id=(await saving.newest()).payment_id)
    assert await saving.states() == ["paid"]


async def test_other_payments_close_nothing(saving: Saving) -> None:
    await saving.open()
    await saving.move(-40)
    await saving.ask()
    await saving.send()
    for named in ("", str(uuid4()), "no id at all"):
        await saving.tell(Kind.PAID, payment_id=f"p-{uuid4()}", request_id=named, micro=1)
    assert await saving.states() == ["accepted"]


async def test_a_provider_that_is_down_is_asked_again_with_the_same_key(saving: Saving) -> None:
    await saving.open()
    await saving.move(-40)
    await saving.ask()
    saving.provider.answers = (503, {})
    for _ in range(3):
        await saving.send()
        saving.now += timedelta(minutes=5)
    (request,) = await saving.requests()
    assert (request.state, request.sends, request.code) == ("sending", 3, "answered 503")
    await saving.move(100)  # what may have reached the provider is not withdrawn
    saving.provider.answers = None
    await saving.send()
    assert await saving.states() == ["accepted"]
    assert set(saving.provider.calls) == {str(request.id)}


async def test_what_nobody_answers_waits_for_a_person_and_is_paid_late(saving: Saving) -> None:
    mandate = await saving.open()
    await saving.move(-40)
    await saving.ask()
    saving.provider.answers = (500, {})
    await saving.send()
    saving.now += POLICY.send_within
    await saving.send()
    await saving.ask()
    (request,) = await saving.requests()
    assert (request.state, request.code) == (RequestState.UNANSWERED, "answered 500")
    calls = len(saving.provider.calls)
    await saving.send()
    assert len(saving.provider.calls) == calls
    assert (await saving.mandate(mandate)).waits is Waits.REQUEST_OPEN
    closed = await saving.close(request)
    assert closed.state is RequestState.FAILED
    assert await saving.close(request) == closed
    assert await saving.told("auto-top-up-failed") == 1, "its customer is told, once"
    assert (await saving.mandate(mandate)).failures == 0
    await saving.tell(Kind.PAID, payment_id="late", request_id=request.id)
    assert await saving.states() == ["paid"]
    assert await saving.balance() == 110


async def test_a_webhook_that_never_comes_is_a_persons_work(saving: Saving) -> None:
    await saving.open()
    await saving.move(-40)
    await saving.ask()
    await saving.send()
    with pytest.raises(NotUnanswered):
        await saving.close(await saving.newest())
    saving.now += POLICY.answer_within - timedelta(seconds=1)
    await saving.send()
    assert await saving.states() == ["accepted"]
    saving.now += timedelta(seconds=1)
    await saving.send()
    assert await saving.states() == ["unanswered"]
    await saving.tell(Kind.FAILED, payment_id=(await saving.newest()).payment_id)
    assert await saving.states() == ["failed"]
    assert await saving.told("auto-top-up-failed") == 1


async def test_refused_for_now_is_tried_on_later_days_three_times_a_month(saving: Saving) -> None:
    mandate = await saving.open()
    await saving.move(-40)
    for tries in range(1, 4):
        await refused(saving)
        assert await saving.states() == ["refused"] * tries
        saving.now += timedelta(hours=11)  # the same day
        await saving.ask()
        assert len(await saving.requests()) == tries
        saving.now += timedelta(hours=13)
    assert (await saving.mandate(mandate)).waits is Waits.REFUSED_TOO_OFTEN
    saving.now = BEGIN.replace(month=3, day=31, hour=23)
    await saving.ask()
    assert len(await saving.requests()) == 3
    saving.now = BEGIN.replace(month=4, day=1, hour=0)
    await refused(saving)
    assert await saving.told("mandate-suspended") == 0
    saving.now += NEXT_DAY
    await refused(saving)  # the fifth in a row
    stood = await saving.mandate(mandate)
    assert (stood.state, stood.failures) == (MandateState.SUSPENDED, 5)
    assert await saving.told("auto-top-up-failed") == 5
    told = [
        event
        for row in await saving.scratch.sql("SELECT value FROM outbox ORDER BY id")
        if "retry_on" in (event := json.loads(row["value"]))
    ]
    urls = [event["pay_url"] for event in told if event["retry_on"] is not None]
    assert urls[0].startswith("https://pay.example/p/")
    assert [urls.index(url) for url in urls] == [0, 0, 0, 3], "the first was over in April"
    assert [event["pay_url"] for event in told if event["retry_on"] is None] == [None]
    assert await saving.told("mandate-suspended") == 1
    saving.now += timedelta(days=60)
    await saving.ask()
    assert len(await saving.requests()) == 5


async def test_refused_for_good_suspends_until_the_customer_agrees_anew(saving: Saving) -> None:
    mandate = await saving.open()
    await saving.move(-40)
    await refused(saving, "mandate_revoked")
    stood = await saving.mandate(mandate)
    assert (stood.state, stood.state_reason) == (MandateState.SUSPENDED, "mandate_revoked")
    await saving.change(mandate, replace(TERMS, month_requests_max=2))
    assert (await saving.mandate(mandate)).state is MandateState.SUSPENDED
    with pytest.raises(NeedsConsent):
        await saving.change(mandate, consent="paper-1")
    await saving.change(mandate, consent="paper-2")
    await saving.ask()
    assert await saving.states() == ["refused", "requested"]


async def test_a_failed_payment_is_counted_once_however_it_is_told(saving: Saving) -> None:
    mandate = await saving.open()
    await saving.move(-40)
    await refused(saving)
    request = await saving.newest()
    await saving.tell(Kind.FAILED, payment_id="pi_1", request_id=request.id)
    assert (await saving.mandate(mandate)).failures == 1
    assert await saving.told("auto-top-up-failed") == 1


async def test_a_mandate_that_its_provider_tells_is_gone_is_suspended(saving: Saving) -> None:
    mandate = await saving.open()
    assert (await saving.gone("another")).outcome == "mandate-gone"
    assert (await saving.mandate(mandate)).state is MandateState.ACTIVE
    await saving.gone(mandate.reference)
    await saving.gone(mandate.reference)
    assert (await saving.mandate(mandate)).state is MandateState.SUSPENDED
    assert await saving.told("mandate-suspended") == 1
    await saving.move(-40)
    await saving.ask()
    assert await saving.requests() == []


async def test_the_months_limit_holds_and_the_next_month_begins_anew(saving: Saving) -> None:
    mandate = await saving.open(month_requests_max=2, amount_micro=10_000_000)
    await saving.move(-45)
    for _ in range(3):
        await saving.ask()
        await saving.send()
        newest = await saving.newest()
        await saving.tell(Kind.PAID, payment_id=newest.payment_id, micro=10_000_000)
        await saving.move(-10)
    await saving.ask()
    assert await saving.states() == ["paid", "paid"]
    assert (await saving.mandate(mandate)).waits is Waits.MONTH_REACHED
    saving.now = BEGIN.replace(month=4, day=1, hour=0)
    await saving.ask()
    assert await saving.states() == ["paid", "paid", "requested"]
    assert (await saving.newest()).requested_on == date(2026, 4, 1)


async def test_a_month_is_of_the_customers_zone(saving: Saving) -> None:
    await saving.scratch.sql(
        "INSERT INTO tariff_version (code, valid_from, currency, timezone, document, published_by, "
        "reason, published_at) VALUES ('t', '2026-01-01', 'CNY', 'Asia/Shanghai', '{}', 'w', 'r', "
        "$1)",
        BEGIN,
    )
    await saving.scratch.sql(
        "INSERT INTO agreement (id, account_id, tariff_code, first_day, revision) "
        "VALUES ($1, $2, 't', '2026-01-01', 1)",
        uuid4(),
        saving.account_id,
    )
    saving.now = BEGIN.replace(day=31, hour=16)
    await saving.move(-40)
    await saving.open()
    assert (await saving.newest()).requested_on == date(2026, 4, 1)


@pytest.mark.parametrize(
    ("query", "waits"),
    [
        ("UPDATE installation SET ends_at = $1 WHERE account_id = $2", Waits.NO_METER),
        (
            "INSERT INTO condition (id, kind, account_id, reference, begun_by, reason, at) "
            "VALUES (gen_random_uuid(), 'disputed_readings', $2, 'd', 'w', 'r', $1)",
            Waits.DISPUTED,
        ),
    ],
)
async def test_nobody_is_asked_who_has_moved_out_or_disputes(
    saving: Saving, query: str, waits: Waits
) -> None:
    await saving.move(-40)
    await saving.scratch.sql(query, BEGIN - timedelta(hours=1), saving.account_id)
    mandate = await saving.open()
    assert await saving.requests() == []
    assert (await saving.mandate(mandate)).waits is waits
    await saving.scratch.sql("UPDATE installation SET ends_at = NULL")
    await saving.scratch.sql(
        "INSERT INTO condition_end (condition_id, ended_by, reason, at) "
        "SELECT id, 'w', 'r', $1 FROM condition",
        BEGIN,
    )
    saving.now += POLICY.look_again
    await saving.ask()
    assert await saving.states() == ["requested"]


async def test_nobody_is_asked_who_disputes_a_payment_until_it_is_won(saving: Saving) -> None:
    await saving.open()
    await saving.move(-40)
    await saving.ask()
    await saving.send()
    paid = (await saving.newest()).payment_id
    await saving.tell(Kind.PAID, payment_id=paid)
    await saving.tell(Kind.DISPUTED, payment_id=paid)
    await saving.ask()
    assert await saving.balance() == 10
    assert await saving.states() == ["paid"]
    await saving.tell(Kind.DISPUTE_WON, payment_id=paid)
    await saving.move(-90)
    saving.now += POLICY.look_again
    await saving.ask()
    assert await saving.states() == ["paid", "requested"]


async def test_an_end_holds_at_once(saving: Saving) -> None:
    mandate = await saving.open()
    await saving.move(-40)
    await saving.ask()
    await saving.end(mandate)
    await saving.send()
    await saving.ask()
    assert await saving.states() == ["withdrawn"]
    assert saving.provider.calls == []
    with pytest.raises(MandateIsEnded):
        await saving.change(mandate)
    await saving.open()
    assert await saving.states() == ["withdrawn", "requested"]


async def test_what_may_have_reached_the_provider_is_not_sent_again_after_the_end(
    saving: Saving,
) -> None:
    mandate = await saving.open()
    await saving.move(-40)
    await saving.ask()
    saving.provider.answers = (503, {})
    await saving.send()
    await saving.end(mandate)
    saving.now += timedelta(hours=1)
    saving.provider.answers = None
    await saving.send()
    assert await saving.states() == ["unanswered"]
    assert len(saving.provider.calls) == 1


async def test_an_account_has_one_mandate(saving: Saving) -> None:
    await saving.open()
    with pytest.raises(MandateExists):
        await saving.open()


async def test_an_account_that_raises_keeps_no_other_from_being_asked_for(saving: Saving) -> None:
    await saving.open()
    await saving.move(-40)
    await saving.scratch.sql(
        "ALTER TABLE top_up_request ADD CONSTRAINT odd CHECK (amount_micro = 1)"
    )
    await saving.ask()
    assert await saving.scratch.sql("SELECT FROM top_up_due") == []
    await saving.scratch.sql("ALTER TABLE top_up_request DROP CONSTRAINT odd")
    saving.now += POLICY.look_again
    await saving.ask()
    assert await saving.states() == ["requested"]
