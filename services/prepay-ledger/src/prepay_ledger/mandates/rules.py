"""When a mandate asks for money, and what becomes of it and of its requests. Pure."""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TypeAlias

from prepay_ledger.mandates.values import (
    CAME_TO_NOTHING,
    OPEN,
    Consent,
    Mandate,
    MandateState,
    RequestState,
    Standing,
    Terms,
    TopUpPolicy,
    TopUpRequest,
    Waits,
)
from prepay_ledger.payment_requests.values import Accepted, Answer, NoAnswer, Refused

_CARD_DIGITS = re.compile(r"(?<!\d)(?:\d[ -]?){12,18}\d(?!\d)")


@dataclass(frozen=True, slots=True)
class Ask:
    """Money is asked for now."""


@dataclass(frozen=True, slots=True)
class Armed:
    """The balance is above the threshold: as it falls to it, the mandate is looked at."""


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing is asked for, though the balance is low. ``on``: the day on which it is looked at
    again; none: as soon as the policy says, or as what is open closes."""

    waits: Waits
    on: date | None


@dataclass(frozen=True, slots=True)
class Never:
    """It is not active, or its time is over."""


Next: TypeAlias = Ask | Armed | Later | Never


def next_of(mandate: Mandate, standing: Standing, policy: TopUpPolicy) -> Next:
    """What follows for a mandate now."""
    terms, today, month = mandate.terms, standing.today, standing.month
    if mandate.state is not MandateState.ACTIVE or is_over(terms, today):
        return Never()
    if standing.balance_micro > terms.threshold_micro:
        return Armed()
    waits = (
        (standing.has_open, Later(Waits.REQUEST_OPEN, None)),
        (today < terms.valid_from, Later(Waits.NOT_YET_VALID, terms.valid_from)),
        (not standing.has_meter, Later(Waits.NO_METER, None)),
        (standing.is_disputed, Later(Waits.DISPUTED, None)),
        (
            month.nothing >= policy.month_nothing_max,
            Later(Waits.REFUSED_TOO_OFTEN, next_month(today)),
        ),
        (
            mandate.retry_on is not None and today < mandate.retry_on,
            Later(Waits.LATER_DAY, mandate.retry_on),
        ),
        (
            month.counted >= terms.month_requests_max
            or month.counted_micro + terms.amount_micro > terms.month_micro_max,
            Later(Waits.MONTH_REACHED, next_month(today)),
        ),
    )
    return next((later for applies, later in waits if applies), Ask())


def is_over(terms: Terms, today: date) -> bool:
    """``today`` is after its last day."""
    return terms.valid_until is not None and today >= terms.valid_until


def month_of(day: date) -> date:
    """Its first day."""
    return day.replace(day=1)


def next_month(day: date) -> date:
    """The first day of the month after."""
    return month_of(month_of(day) + timedelta(days=31))


def may_send(mandate: Mandate, request: TopUpRequest, standing: Standing) -> str | None:
    """Why a request that was not sent yet is not to be sent any more; none: it is sent."""
    if mandate.state is not MandateState.ACTIVE or is_over(mandate.terms, standing.today):
        return f"mandate-{mandate.state}"
    if standing.balance_micro > mandate.terms.threshold_micro:
        return "balance-restored"
    if not standing.has_meter:
        return Waits.NO_METER
    if standing.is_disputed:
        return Waits.DISPUTED
    if month_of(standing.today) != month_of(request.requested_on):
        return "month-over"
    return None


def sending(request: TopUpRequest, *, now: datetime, policy: TopUpPolicy) -> TopUpRequest:
    """It is sent now, and again after a pause unless an answer is noted: whoever dies in between
    has not noted one."""
    pause = min(policy.longest_pause, policy.first_pause * 2 ** min(request.sends, 16))
    return replace(
        request,
        state=RequestState.SENDING,
        sends=request.sends + 1,
        send_at=now + pause,
        answer_by=request.answer_by or now + policy.send_within,
    )


def answered(
    request: TopUpRequest, answer: Answer, *, now: datetime, policy: TopUpPolicy
) -> TopUpRequest:
    """What its provider's answer makes of it. What a webhook told before stays."""
    match answer:
        case NoAnswer(reason):
            return (
                replace(request, code=reason) if request.state is RequestState.SENDING else request
            )
        case Accepted(payment_id):
            named = replace(request, payment_id=request.payment_id or payment_id)
            if request.state is not RequestState.SENDING:
                return named
            return replace(
                named,
                state=RequestState.ACCEPTED,
                code="",
                send_at=None,
                answer_by=now + policy.answer_within,
            )
        case Refused(code=code, payment_id=payment_id):
            named = replace(request, payment_id=request.payment_id or payment_id)
            if request.state not in (RequestState.SENDING, RequestState.UNANSWERED):
                return named
            return closed(named, RequestState.REFUSED, code=code, now=now)


def closed(request: TopUpRequest, state: RequestState, *, code: str, now: datetime) -> TopUpRequest:
    """Nothing more is waited for."""
    return replace(request, state=state, code=code, send_at=None, answer_by=None, closed_at=now)


def unanswered(request: TopUpRequest, *, code: str) -> TopUpRequest:
    """A person looks; it is still open, as money may have been taken."""
    return replace(request, state=RequestState.UNANSWERED, code=code, send_at=None, answer_by=None)


def may_become(request: TopUpRequest, state: RequestState) -> bool:
    """Whether what a webhook tells changes it. Money that came is the last word; that none came
    closes what is open alone."""
    if state is RequestState.PAID:
        return request.state is not RequestState.PAID
    return request.state in OPEN


def after_nothing(
    mandate: Mandate, *, today: date, why: str, for_good: bool, policy: TopUpPolicy
) -> Mandate:
    """A request came to nothing: the next one is for a later day, or the mandate is suspended."""
    failures = mandate.failures + 1
    after = replace(
        mandate, failures=failures, retry_on=today + timedelta(days=policy.retry_after_days)
    )
    if for_good or failures >= policy.failures_max:
        return suspended(after, why if for_good else f"{failures} requests in a row: {why}")
    return after


def suspended(mandate: Mandate, why: str) -> Mandate:
    """An ended mandate stays ended."""
    if mandate.state is not MandateState.ACTIVE:
        return mandate
    return replace(
        mandate,
        state=MandateState.SUSPENDED,
        state_reason=why,
        waits=None,
        look_at=None,
    )


def after_paid(mandate: Mandate) -> Mandate:
    """Failures are counted in a row."""
    return replace(mandate, failures=0, retry_on=None)


def counts_as_failure(before: TopUpRequest, after: TopUpRequest) -> bool:
    """The request has come to nothing by this step."""
    return after.state in CAME_TO_NOTHING and before.state not in CAME_TO_NOTHING


def asks_for_more(before: Terms, after: Terms) -> bool:
    """The customer has not agreed to this yet: more money, sooner, or for longer."""
    return (
        after.threshold_micro > before.threshold_micro
        or after.amount_micro > before.amount_micro
        or after.month_micro_max > before.month_micro_max
        or after.month_requests_max > before.month_requests_max
        or after.valid_from < before.valid_from
        or _end(after) > _end(before)
        or (after.instalment_micro_max or 0) > (before.instalment_micro_max or 0)
        or (after.statement_micro_max or 0) > (before.statement_micro_max or 0)
    )


def why_not(terms: Terms, consent: Consent, reference: str, *, now: datetime) -> str | None:
    """What is wrong with a mandate; none: nothing."""
    if consent.at > now:
        return "the consent is of the future"
    if looks_like_a_card(reference) or looks_like_a_card(consent.reference):
        return "that is the number of a card; give the provider's token for it"
    if terms.month_micro_max < terms.amount_micro:
        return "the month's limit is below the amount: nothing would ever be asked for"
    if terms.valid_until is not None and terms.valid_until <= terms.valid_from:
        return "valid_until is the day after the last, and not after valid_from"
    return None


def looks_like_a_card(text: str) -> bool:
    """13 to 19 digits whose check digit fits (ISO/IEC 7812)."""
    return any(
        _luhn([int(each) for each in found.group() if each.isdecimal()])
        for found in _CARD_DIGITS.finditer(text)
    )


def _luhn(digits: list[int]) -> bool:
    doubled = [d * 2 - 9 * (d > 4) for d in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _end(terms: Terms) -> date:
    return terms.valid_until or date.max
