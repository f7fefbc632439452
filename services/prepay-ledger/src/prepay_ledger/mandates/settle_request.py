"""A request closes, by whatever comes first: its provider's answer, a webhook, or a person; and
what follows for its mandate. The account is locked first, so that each is seen once."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from prepay_ledger.balances.values import Account
from prepay_ledger.debit_formats.reason_codes import why_of
from prepay_ledger.events import account_event
from prepay_ledger.mandates.load_standing import load_standing
from prepay_ledger.mandates.ports import Unit
from prepay_ledger.mandates.rules import (
    after_nothing,
    after_paid,
    answered,
    closed,
    counts_as_failure,
    may_become,
    suspended,
    unanswered,
)
from prepay_ledger.mandates.values import (
    OPEN,
    Mandate,
    MandateState,
    RequestState,
    Step,
    StepAction,
    TopUpPolicy,
    TopUpRequest,
)
from prepay_ledger.metrics import TOP_UP_REQUESTS
from prepay_ledger.payment_requests.values import Answer, Refused
from prepay_ledger.supply.ports import PayUrls
from prewatt_common.contracts.ledger_events_v1 import AutoTopUpFailed, MandateSuspended

LEDGER = "prepay-ledger"
"""Who did what no person asked for."""


class SettleRequest:
    """Closes requests, and says what follows for their mandates. ``pay_urls``: none where pay links
    are not set up."""

    def __init__(
        self, *, zone: ZoneInfo, policy: TopUpPolicy, pay_urls: PayUrls | None = None
    ) -> None:
        self._zone = zone
        self._policy = policy
        self._pay_urls = pay_urls

    async def answer(self, unit: Unit, request_id: UUID, answer: Answer, *, now: datetime) -> None:
        """What the provider answered as it was asked."""
        before = await locked_request(unit, request_id)
        assert before is not None, "a request stays"
        after = answered(before, answer, now=now, policy=self._policy)
        for_good = isinstance(answer, Refused) and answer.for_good
        await self._keep(unit, before, after, for_good=for_good, now=now)
        if for_good and not counts_as_failure(before, after):
            # A webhook had told of the failure, and not that it is for good.
            mandate = await unit.mandates.mandate(before.mandate_id)
            assert mandate is not None, "a mandate stays"
            await suspend(unit, mandate, why=after.code, who=LEDGER, now=now)

    async def paid(
        self, unit: Unit, *, provider: str, request_id: str, payment_id: str, now: datetime
    ) -> None:
        """A payment has come, and may be what a request asked for: late, or before the answer."""
        before = await self._named(unit, provider, request_id, payment_id)
        if before is None or not may_become(before, RequestState.PAID):
            return
        after = closed(before, RequestState.PAID, code="", now=now)
        await self._keep(unit, before, _of(after, payment_id), for_good=False, now=now)

    async def failed(
        self, unit: Unit, *, provider: str, request_id: str, payment_id: str, now: datetime
    ) -> None:
        """The provider tells that a payment did not come about."""
        before = await self._named(unit, provider, request_id, payment_id)
        if before is None or not may_become(before, RequestState.FAILED):
            return
        after = closed(before, RequestState.FAILED, code="not-paid", now=now)
        await self._keep(unit, before, _of(after, payment_id), for_good=False, now=now)

    async def came_to_nothing(
        self,
        unit: Unit,
        request_id: UUID,
        *,
        code: str,
        for_good: bool,
        retry_on: date,
        now: datetime,
    ) -> bool:
        """A bank's answer: no money came, or what came went back. Whether that was new. The next
        request is for ``retry_on`` or later."""
        before = await locked_request(unit, request_id)
        assert before is not None, "a request stays"
        if before.state not in OPEN and before.state is not RequestState.PAID:
            return False
        after = closed(before, RequestState.FAILED, code=code, now=now)
        await self._keep(unit, before, after, for_good=for_good, retry_on=retry_on, now=now)
        return True

    async def give_up_waiting(self, unit: Unit, request_id: UUID, *, now: datetime) -> None:
        """Its time is over: a person looks."""
        before = await locked_request(unit, request_id)
        if before is None or before.answer_by is None or before.answer_by > now:
            return
        code = before.code or f"nothing was heard of it since it was {before.state}"
        await self._keep(unit, before, unanswered(before, code=code), for_good=False, now=now)

    async def close(self, unit: Unit, before: TopUpRequest, *, now: datetime) -> TopUpRequest:
        """A person found out that no money comes. That says nothing of the mandate; its customer is
        told: the next request is made today at the earliest, if the mandate is active."""
        after = closed(before, RequestState.FAILED, code="closed by a person", now=now)
        await unit.mandates.put_request(after)
        await unit.mandates.look(after.account_id)
        TOP_UP_REQUESTS.labels(after.provider, after.state).inc()
        account = await unit.balances.account(after.account_id)
        mandate = await unit.mandates.mandate(after.mandate_id)
        assert account is not None, "an account stays"
        assert mandate is not None, "a mandate stays"
        retry_on = None
        if mandate.state is MandateState.ACTIVE:
            standing, _ = await load_standing(unit, account, mandate, zone=self._zone, now=now)
            retry_on = max(mandate.retry_on or standing.today, standing.today)
        await self._tell(unit, account, after, retry_on=retry_on, now=now)
        return after

    async def _named(
        self, unit: Unit, provider: str, request_id: str, payment_id: str
    ) -> TopUpRequest | None:
        """By the id that the payment names; else by the payment's id, which the answer named."""
        try:
            found = await unit.mandates.request(UUID(request_id)) if request_id else None
        except ValueError:
            found = None
        if found is None:
            found = await unit.mandates.paid_by(provider, payment_id)
        if found is None or found.provider != provider:
            return None
        return await locked_request(unit, found.id)

    async def _keep(
        self,
        unit: Unit,
        before: TopUpRequest,
        after: TopUpRequest,
        *,
        for_good: bool,
        now: datetime,
        retry_on: date | None = None,
    ) -> None:
        if after == before:
            return
        await unit.mandates.put_request(after)
        if after.state is not before.state:
            TOP_UP_REQUESTS.labels(after.provider, after.state).inc()
        if after.state in OPEN:
            return
        await unit.mandates.look(after.account_id)
        mandate = await unit.mandates.mandate(after.mandate_id)
        assert mandate is not None, "a mandate stays"
        if after.state is RequestState.PAID:
            await unit.mandates.put(after_paid(mandate))
        elif counts_as_failure(before, after):
            await self._failed(unit, mandate, after, for_good=for_good, retry_on=retry_on, now=now)

    async def _failed(
        self,
        unit: Unit,
        mandate: Mandate,
        request: TopUpRequest,
        *,
        for_good: bool,
        retry_on: date | None,
        now: datetime,
    ) -> None:
        account = await unit.balances.account(request.account_id)
        assert account is not None, "an account stays"
        standing, _ = await load_standing(unit, account, mandate, zone=self._zone, now=now)
        after = after_nothing(
            mandate, today=standing.today, why=request.code, for_good=for_good, policy=self._policy
        )
        after = replace(after, retry_on=retry_on or after.retry_on)
        await unit.mandates.put(after)
        is_tried_again = after.state is MandateState.ACTIVE
        await self._tell(
            unit, account, request, retry_on=after.retry_on if is_tried_again else None, now=now
        )
        if after.state is not mandate.state:
            by = request.id if request.is_collection else None
            await _tell_suspended(unit, after, who=LEDGER, now=now, by=by)

    async def _tell(
        self,
        unit: Unit,
        account: Account,
        request: TopUpRequest,
        *,
        retry_on: date | None,
        now: datetime,
    ) -> None:
        """That no money comes of it. ``retry_on``: none where it is not tried again."""
        urls: Mapping[UUID, str] = {}
        if (retry_on is not None or request.is_collection) and self._pay_urls is not None:
            urls = await self._pay_urls(unit, [request.account_id], now=now)
        number = None
        if request.statement_id is not None:
            number = await unit.mandates.statement_number(request.statement_id)
        event = AutoTopUpFailed(
            account_id=request.account_id,
            mandate_id=request.mandate_id,
            request_id=request.id,
            provider=request.provider,
            amount_micro=request.amount_micro,
            currency=request.currency,
            code=request.code,
            retry_on=retry_on,
            pay_url=urls.get(request.account_id),
            balance_micro=account.balance_micro,
            balance_number=account.balance_number,
            at=now,
            debt_id=request.debt_id,
            statement_id=request.statement_id,
            statement_number=number,
            why=why_of(request.code) if request.is_collection else None,
        )
        await unit.publish([account_event(event, account_id=request.account_id, at=now)])


async def suspend(unit: Unit, mandate: Mandate, *, why: str, who: str, now: datetime) -> None:
    """Of an account that is locked; one that is not active stays as it is."""
    after = suspended(mandate, why)
    if after == mandate:
        return
    await unit.mandates.put(after)
    await _tell_suspended(unit, after, who=who, now=now)


async def mandate_gone(
    unit: Unit, *, provider: str, reference: str, why: str, now: datetime
) -> int:
    """The provider tells that a mandate of that name is of no use any more; gives how many are
    suspended for it."""
    found = await unit.mandates.gone(provider, reference)
    for each in found:
        await unit.balances.lock(each.account_id)
        mandate = await unit.mandates.mandate(each.id)
        if mandate is not None:
            await suspend(unit, mandate, why=why, who=provider, now=now)
    return len(found)


async def withdraw_unsent(unit: Unit, account_id: UUID, *, why: str, now: datetime) -> None:
    """What was asked for and has not left us does not; the account, which is locked, is looked at
    again."""
    for request in await unit.mandates.unsent(account_id):
        after = closed(request, RequestState.WITHDRAWN, code=why, now=now)
        await unit.mandates.put_request(after)
        TOP_UP_REQUESTS.labels(after.provider, after.state).inc()
    await unit.mandates.look(account_id)


async def locked_request(unit: Unit, request_id: UUID) -> TopUpRequest | None:
    """As it stands once nobody else changes it."""
    found = await unit.mandates.request(request_id)
    if found is None:
        return None
    await unit.balances.lock(found.account_id)
    return await unit.mandates.request(request_id)


async def _tell_suspended(
    unit: Unit, mandate: Mandate, *, who: str, now: datetime, by: UUID | None = None
) -> None:
    """``by``: the instalment's or statement's request that failed: the customer is told of that."""
    await withdraw_unsent(unit, mandate.account_id, why=f"mandate-{mandate.state}", now=now)
    step = Step(action=StepAction.SUSPEND, who=who, reason=mandate.state_reason, key="", at=now)
    await unit.mandates.add_step(mandate, step)
    event = MandateSuspended(
        account_id=mandate.account_id,
        mandate_id=mandate.id,
        provider=mandate.provider,
        reason=mandate.state_reason,
        request_id=by,
        at=now,
    )
    await unit.publish([account_event(event, account_id=mandate.account_id, at=now)])


def _of(request: TopUpRequest, payment_id: str) -> TopUpRequest:
    return replace(request, payment_id=request.payment_id or payment_id)
