"""Use case: a payer begins a payment by a link.

That it is begun is committed before the provider is asked, and the page that it answered before
the payer is sent there. Whoever dies in between leaves it `begun`: the same form sent again asks
under the same key, for the same page; a page that nobody was sent to is paid by nobody.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from prepay_ledger.checkouts.configured import Checkouts
from prepay_ledger.checkouts.values import CheckoutAnswer, CheckoutRequest, Declined, PageReady
from prepay_ledger.metrics import LINK_PAYMENTS
from prepay_ledger.pay_links.look_at_link import look_at
from prepay_ledger.pay_links.ports import OpenUnit, Unit
from prepay_ledger.pay_links.refusals import (
    NotPaid,
    OldForm,
    ProviderDeclined,
    ProviderSilent,
    TooManyAttempts,
    UnknownWay,
    WrongAmount,
)
from prepay_ledger.pay_links.rules import ATTEMPTS_A_DAY, can_be_paid, is_old, offer_of
from prepay_ledger.pay_links.terms import LinkTerms
from prepay_ledger.pay_links.values import Attempt, AttemptState, Payable
from prepay_ledger.payment_requests.values import NoAnswer
from prewatt_common.clock import Clock
from prewatt_common.ids import new_id
from prewatt_common.peer_breaker import Breaker, BreakerPolicy

logger = logging.getLogger(__name__)

_AT_ONCE = 20
"""Requests on their way to one provider: each may take fifteen seconds."""
_WAITS_S = (1.0, 2.0)
"""Before a provider that is there is asked again: another process may just be asking the same."""
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What a payer has sent, and from where. ``token``: as `read_token` gives it."""

    token: str
    nonce: str
    provider: str
    amount_micro: int
    language: str
    payer_address: str = ""


class BeginPayment:
    """Gives the attempt, whose `page_url` the payer is to be sent to. ``title_of``: what is paid
    for, in a language."""

    def __init__(
        self,
        *,
        open_unit: OpenUnit,
        checkouts: Checkouts,
        terms: LinkTerms,
        title_of: Callable[[str], str],
        clock: Clock,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._open_unit = open_unit
        self._checkouts = checkouts
        self._terms = terms
        self._title_of = title_of
        self._clock = clock
        self._sleep = sleep
        self._breakers = {name: Breaker(BreakerPolicy()) for name in checkouts}
        self._running = dict.fromkeys(checkouts, 0)

    async def __call__(self, chosen: Chosen) -> Attempt:
        """Raises `UnknownPayLink`, `LinkIsOver`, `UnknownWay`, `WrongAmount`, `OldForm`,
        `TooManyAttempts`, `ProviderDeclined`, `NotPaid` or `ProviderSilent`."""
        async with self._open_unit() as unit:
            payable, attempt = await self._begun(unit, chosen)
        for wait_s in (*_WAITS_S, None):
            if attempt.state is not AttemptState.BEGUN:
                break
            answer = await self._ask(payable, attempt, chosen)
            async with self._open_unit() as unit:
                attempt = await self._answered(unit, attempt, answer)
            if wait_s is None or (isinstance(answer, NoAnswer) and not answer.is_there):
                break
            if attempt.state is AttemptState.BEGUN:
                await self._sleep(wait_s)
        return _page_of(attempt)

    async def _begun(self, unit: Unit, chosen: Chosen) -> tuple[Payable, Attempt]:
        now = self._clock()
        payable = await look_at(unit, token=chosen.token, keys=self._terms.keys, now=now, lock=True)
        known = await unit.pay_links.of_form(payable.link.id, chosen.nonce)
        if known is not None:
            _check_same(known, chosen)
            if is_old(known, now=now):
                raise OldForm(_OLD)
            return payable, known
        checkout = self._checkouts.get(chosen.provider)
        if checkout is None:
            message = "this way of paying is not offered"
            raise UnknownWay(message)
        offer = offer_of(payable, self._terms.amounts)
        if not can_be_paid(chosen.amount_micro, offer):
            message = "the amount is not one that may be paid here"
            raise WrongAmount(message)
        if checkout.refused_amount(chosen.amount_micro, payable.currency):
            # The amount is as the page offers it: no other one may help, but another way does.
            raise ProviderDeclined(_DECLINED)
        day_ago = now - timedelta(days=1)
        if await unit.pay_links.begun_since(payable.link.id, day_ago) >= ATTEMPTS_A_DAY:
            message = "too many payments were begun by this link today"
            raise TooManyAttempts(message)
        attempt = Attempt(
            id=new_id(),
            link_id=payable.link.id,
            nonce=chosen.nonce,
            provider=chosen.provider,
            amount_micro=chosen.amount_micro,
            currency=payable.currency,
            language=chosen.language,
            state=AttemptState.BEGUN,
            page_url="",
            code="",
            payment_id="",
            paid_micro=None,
            begun_at=now,
            closed_at=None,
        )
        await unit.pay_links.add_attempt(attempt)
        LINK_PAYMENTS.labels(attempt.provider, attempt.state).inc()
        return payable, attempt

    async def _ask(self, payable: Payable, attempt: Attempt, chosen: Chosen) -> CheckoutAnswer:
        """Of what is kept, so that it is the same each time; only the payer's address, which one
        provider wants, is that of now, and is not kept."""
        provider = attempt.provider
        checkout = self._checkouts.get(provider)
        if checkout is None:
            return NoAnswer("it is not configured any more", is_there=True)
        breaker, running = self._breakers[provider], self._running[provider]
        if breaker.room(now_s=time.monotonic(), slots=_AT_ONCE, running=running) <= 0:
            return NoAnswer("it counts as down, or has too many requests", is_there=True)
        self._running[provider] += 1
        try:
            answer = await checkout.begin(
                CheckoutRequest(
                    id=attempt.id,
                    account_number=payable.number,
                    amount_micro=attempt.amount_micro,
                    currency=attempt.currency,
                    title=self._title_of(attempt.language),
                    language=attempt.language,
                    return_url=(
                        f"{self._terms.url_of(chosen.token)}/done?payment={attempt.id}"
                        f"&lang={attempt.language}"
                    ),
                    cancel_url=f"{self._terms.url_of(chosen.token)}?lang={attempt.language}",
                    begun_at=attempt.begun_at,
                    payer_address=chosen.payer_address,
                )
            )
        finally:
            self._running[provider] -= 1
        if isinstance(answer, NoAnswer) and not answer.is_there:
            breaker.failed(now_s=time.monotonic())
        else:
            breaker.answered()
        return answer

    async def _answered(self, unit: Unit, asked: Attempt, answer: CheckoutAnswer) -> Attempt:
        """What comes first stays: another process may have been answered the same meanwhile, and
        money that came is no payment that was declined."""
        attempt = await unit.pay_links.attempt(asked.id, lock=True)
        assert attempt is not None, "an attempt stays"
        if attempt.page_url or attempt.state is AttemptState.DECLINED:
            return attempt
        match answer:
            case PageReady(url):
                # Paid or failed already, by the webhook: it stays so, with its page.
                began = attempt.state is AttemptState.BEGUN
                state = AttemptState.AT_PROVIDER if began else attempt.state
                after = replace(attempt, page_url=url, state=state)
            case Declined() if attempt.state is AttemptState.PAID:
                return attempt
            case Declined(code):
                after = replace(
                    attempt, state=AttemptState.DECLINED, code=code, closed_at=self._clock()
                )
            case NoAnswer(reason):
                logger.warning("payment %s by a link: %s", attempt.id, reason)
                return attempt
        await unit.pay_links.put_attempt(after)
        if after.state is not attempt.state:
            LINK_PAYMENTS.labels(after.provider, after.state).inc()
        return after


_OLD = "this form is an old one: begin again with a new one; by it nothing more is paid"

_DECLINED = "the provider does not take this payment: choose another amount or way"


def _check_same(known: Attempt, chosen: Chosen) -> None:
    if (known.provider, known.amount_micro) != (chosen.provider, chosen.amount_micro):
        raise OldForm(_OLD)


def _page_of(attempt: Attempt) -> Attempt:
    if attempt.state is AttemptState.DECLINED:
        raise ProviderDeclined(_DECLINED)
    if attempt.page_url or attempt.state is AttemptState.PAID:
        return attempt
    if attempt.state is AttemptState.FAILED:
        # By the webhook, which was quicker than the answer: the same form never asks again.
        message = "the provider tells that this was not paid: begin again with a new form"
        raise NotPaid(message)
    message = "the provider does not answer; nothing was paid: send the same again in a minute"
    raise ProviderSilent(message)
