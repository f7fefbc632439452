"""Use case: what a bank says of a line is applied, once. Money that it took is credited by the one
way of all payments; what went back leaves whoever has it by the one way of reversals."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from prepay_ledger.business_days import BusinessDays
from prepay_ledger.debit_files.ports import Unit
from prepay_ledger.debit_files.rules import follows_of
from prepay_ledger.debit_files.values import Answer, AnswerState, DebitItem
from prepay_ledger.debit_formats.configured import DebitProfile
from prepay_ledger.debit_formats.values import AnswerKind
from prepay_ledger.debts.values import Collecting
from prepay_ledger.mandates.settle_request import SettleRequest
from prepay_ledger.mandates.values import TopUpPolicy
from prepay_ledger.payments.take_movement import TakeMovement
from prepay_ledger.payments.take_payment import TakePayment
from prepay_ledger.payments.values import Payment
from prepay_ledger.providers.values import Kind, Told
from prepay_ledger.supply.ports import PayUrls

_RETURN = "return"
"""Of one debit there is one: another time is another debit."""


class TakeAnswer:
    """Applies answers, and what a statement of the bank tells of a line."""

    def __init__(
        self,
        *,
        take_payment: TakePayment,
        take_movement: TakeMovement,
        profiles: Mapping[str, DebitProfile],
        days: BusinessDays,
        zone: ZoneInfo,
        pay_urls: PayUrls | None = None,
    ) -> None:
        self._take_payment = take_payment
        self._take_movement = take_movement
        self._profiles = profiles
        self._days = days
        self._zone = zone
        self._settle = SettleRequest(zone=zone, policy=TopUpPolicy(), pay_urls=pay_urls)

    async def __call__(self, unit: Unit, answer_id: UUID, *, now: datetime) -> Answer | None:
        """The answer as it stands then; none where somebody else has applied it."""
        answer = await unit.debit_files.lock_answer(answer_id)
        if answer is None or answer.state is not AnswerState.WAITING:
            return None
        after = await self._applied(unit, answer, now=now)
        await unit.debit_files.change_answer(after)
        return after

    async def _applied(self, unit: Unit, answer: Answer, *, now: datetime) -> Answer:
        item = await item_named(unit, answer.provider, answer.named)
        if item is None:
            reason = "no line of ours has that id"
            return replace(answer, state=AnswerState.UNKNOWN, reason=reason, open=True)
        answer = replace(answer, request=item.request_id)
        if answer.amount_micro not in {None, item.amount_micro}:
            reason = f"{item.amount_micro} micro-units were asked for"
            return replace(answer, state=AnswerState.OTHER_AMOUNT, reason=reason, open=True)
        is_new, is_open = await self.apply(
            unit, item, answer.provider, answer.kind, answer.code, now=now
        )
        state = AnswerState.APPLIED if is_new else AnswerState.REPEATED
        reason = f"{answer.code or 'no reason'}: nobody knows what it means" if is_open else ""
        return replace(answer, state=state, reason=reason, open=is_open)

    async def apply(
        self,
        unit: Unit,
        item: DebitItem,
        provider: str,
        kind: AnswerKind,
        code: str,
        *,
        now: datetime,
    ) -> tuple[bool, bool]:
        """Whether it was new, and whether a person has to look. Who has paid before and is said to
        have been refused has the money back."""
        known = await unit.payments.lock_by_payment_id(provider=provider, payment_id=item.name)
        match kind:
            case AnswerKind.PAID:
                return await self._paid(unit, item, provider, now=now), False
            case AnswerKind.REFUSED if known is None:
                return await self._nothing(unit, item, provider, code, now=now)
            case AnswerKind.REFUSED | AnswerKind.RETURNED:
                is_new = await self._returned(unit, item, provider, now=now)
                _, is_open = await self._nothing(unit, item, provider, code, now=now)
                return is_new, is_open and is_new

    async def _paid(self, unit: Unit, item: DebitItem, provider: str, *, now: datetime) -> bool:
        payment = Payment(
            provider=provider,
            payment_id=item.name,
            account_number=item.account_number,
            amount_micro=item.amount_micro,
            currency=item.currency,
        )
        request = await unit.mandates.request(item.request_id)
        assert request is not None, "a request stays"
        debt_id = request.debt_id
        of = Collecting(debt_id, request.requested_on) if debt_id is not None else None
        result = await self._take_payment(unit, payment=payment, now=now, of=of)
        paid = await unit.payments.by_payment_id(provider=provider, payment_id=item.name)
        assert paid is not None, "it was taken above"
        if paid.left.amount_micro:  # else it was told before that it went back
            await self._settle.paid(
                unit,
                provider=provider,
                request_id=str(item.request_id),
                payment_id=item.name,
                now=now,
            )
        return not result.repeated

    async def _returned(self, unit: Unit, item: DebitItem, provider: str, *, now: datetime) -> bool:
        told = Told(
            kind=Kind.REVERSED,
            type="debit.returned",
            payment_id=item.name,
            movement_id=_RETURN,
            account_number="",
            amount_micro=item.amount_micro,
            currency=item.currency,
            at=None,
        )
        moved = await self._take_movement(unit, provider=provider, told=told, now=now)
        return not moved.repeated

    async def _nothing(
        self, unit: Unit, item: DebitItem, provider: str, code: str, *, now: datetime
    ) -> tuple[bool, bool]:
        request = await unit.mandates.request(item.request_id)
        assert request is not None, "a request stays"
        mandate = await unit.mandates.mandate(request.mandate_id)
        assert mandate is not None, "a mandate stays"
        follows = follows_of(
            code,
            failures=mandate.failures,
            today=now.astimezone(self._zone).date(),
            profile=self._profiles[provider],
            days=self._days,
        )
        is_new = await self._settle.came_to_nothing(
            unit,
            item.request_id,
            code=code or "not-paid",
            for_good=follows.for_good,
            retry_on=follows.retry_on,
            now=now,
        )
        return is_new, follows.is_open and is_new


async def item_named(unit: Unit, provider: str, name: str) -> DebitItem | None:
    """The line of a file of the provider's that has that id."""
    try:
        item = await unit.debit_files.item(UUID(name)) if name else None
    except ValueError:
        return None
    if item is None:
        return None
    request = await unit.mandates.request(item.request_id)
    return item if request is not None and request.provider == provider else None
