"""Use case: what an account that moved out has left is to be paid out."""

from dataclasses import replace
from datetime import date, datetime
from typing import Generic
from uuid import UUID
from zoneinfo import ZoneInfo

from prepay_ledger.approvals.act_alone import takes_two
from prepay_ledger.approvals.propose import propose, proposed_before
from prepay_ledger.approvals.values import ApprovalTerms, Proposal
from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.balances.values import Account
from prepay_ledger.facts.values import Decided
from prepay_ledger.journal.values import UtilityAccount
from prepay_ledger.modes.refuse_meanwhile import refuse_meanwhile
from prepay_ledger.refunders.values import Refunders
from prepay_ledger.refunds.acts import act_of, key_of, payee_of, payment_of, way_of
from prepay_ledger.refunds.back import requested
from prepay_ledger.refunds.close_balance import close_balance
from prepay_ledger.refunds.move_refund import move_refund
from prepay_ledger.refunds.ports import Unit, UnitT
from prepay_ledger.refunds.refusals import KeyUsedBefore, RefundRefused
from prepay_ledger.refunds.rules import needs_two, why_not_back, why_not_paid_out, why_not_to
from prepay_ledger.refunds.values import (
    BackState,
    Ground,
    Order,
    PaidBefore,
    Payee,
    Refund,
    RefundState,
    RefundTerms,
    Step,
    StepAction,
    Way,
)
from prewatt_common.ids import new_id


class OrderRefund(Generic[UnitT]):
    """Takes the money off the account, at once or when a second person approves. ``zone``: the
    utility's, in which days end. ``refunders``: providers that can be asked to give back."""

    def __init__(
        self,
        *,
        zone: ZoneInfo,
        approvals: ApprovalTerms,
        terms: RefundTerms,
        refunders: Refunders | None = None,
    ) -> None:
        self._refunders = refunders or {}
        self._zone = zone
        self._approvals = approvals
        self._terms = terms

    async def __call__(self, unit: UnitT, *, asked: Order) -> Refund | Proposal:
        """The refund, or the proposal that waits. The same key again changes nothing, and is
        answered as it is by then. Raises `UnknownAccount`, `RefundRefused`, `ModeChangeUnderWay`,
        `KeyUsedBefore` or `AnotherWaits`."""
        paid = await _paid(unit, asked)
        if paid is not None:
            asked = replace(asked, payee=_payer(paid))
        account = await _locked(unit, asked.account_id)
        known = await _ordered_before(unit, asked)
        if known is not None:
            return known
        _refuse(why_not_to(asked.payee, asked.way, payment=asked.payment))
        payee_id = await unit.refunds.payee_id(account.id, asked.payee)
        act = act_of(asked, payee_id=payee_id, currency=account.currency)
        waiting = await proposed_before(unit=unit, act=act, who=asked.decided.by)
        if waiting is not None:
            return waiting
        ground = await self._checked(unit, account, asked, paid)
        # Money that leaves counts with whatever else its clerk did alone.
        if needs_two(self._approvals, ground, asked.amount_micro) or await takes_two(
            unit=unit,
            act=act,
            about=[str(account.id)],
            terms=self._approvals,
            decided=asked.decided,
        ):
            return await propose(
                unit=unit, act=act, decided=asked.decided, term=self._approvals.term
            )
        return await self._order(unit, account, asked, paid, payee_id=payee_id)

    async def carry_out(self, unit: UnitT, proposal: Proposal, *, approved: Decided) -> None:
        """What a second person has approved, by who proposed it. Raises `RefundRefused` where it
        cannot be by now; the proposal goes on waiting."""
        act, by = proposal.act, proposal.proposed
        payee_id = payee_of(act)
        payee = await unit.refunds.payee(payee_id)
        assert payee is not None, "a payee is kept before it is proposed"
        asked = Order(
            account_id=UUID(act.subject),
            amount_micro=act.amount_micro,
            way=way_of(act),
            payee=payee,
            key=key_of(act),
            decided=Decided(by=by.by, reason=by.reason, at=approved.at),
            payment=payment_of(act),
        )
        paid = await _paid(unit, asked)
        account = await _locked(unit, asked.account_id)
        if await _ordered_before(unit, asked) is None:
            await self._checked(unit, account, asked, paid)
            await self._order(unit, account, asked, paid, payee_id=payee_id)

    async def _checked(
        self, unit: UnitT, account: Account, asked: Order, paid: PaidBefore | None
    ) -> Ground:
        """Raises `RefundRefused` or `ModeChangeUnderWay`."""
        await refuse_meanwhile(unit, [account.id])
        now = asked.decided.at
        ground = await unit.refunds.ground(account, today=self._today(now), now=now)
        why = why_not_paid_out(
            ground,
            amount_micro=asked.amount_micro,
            way=asked.way,
            cash_max_micro=self._terms.cash_max_micro,
        )
        _refuse(why)
        if paid is not None:
            _refuse(why_not_back(paid, asked, currency=account.currency))
            _refuse(self._why_not_asked(paid, asked))
        return ground

    def _why_not_asked(self, paid: PaidBefore, asked: Order) -> str | None:
        refunder = self._refunders.get(paid.provider)
        if refunder is None:
            return f"PREWATT_REFUNDERS names no {paid.provider}: it cannot be asked to give back"
        if refunder.refused_amount(asked.amount_micro, paid.currency):
            return (
                f"{asked.amount_micro} micro-units of {paid.currency} are no whole number of what "
                f"{paid.provider} counts in"
            )
        return None

    async def _order(
        self,
        unit: UnitT,
        account: Account,
        asked: Order,
        paid: PaidBefore | None,
        *,
        payee_id: UUID,
    ) -> Refund:
        refund = Refund(
            id=new_id(),
            account_id=account.id,
            amount_micro=asked.amount_micro,
            currency=account.currency,
            way=asked.way,
            payee_id=payee_id,
            payee=asked.payee,
            state=RefundState.IN_TRANSIT,
            ordered_at=asked.decided.at,
            payment=asked.payment,
        )
        await close_balance(
            unit,
            account,
            refund_id=refund.id,
            today=self._today(asked.decided.at),
            decided=asked.decided,
        )
        await unit.refunds.add(refund)
        if paid is not None:
            await unit.backs.add(requested(refund, paid))
        step = Step(
            id=new_id(),
            refund_id=refund.id,
            action=StepAction.ORDER,
            amount_micro=refund.amount_micro,
            key=asked.key,
            decided=asked.decided,
            journal_id=0,
        )
        # No meter serves the account: there is no supply to decide about, and whoever moved out is
        # not to be warned that the balance is used up.
        await move_refund(
            unit,
            refund,
            step,
            balance_micro=-refund.amount_micro,
            postings={UtilityAccount.REFUNDS_IN_TRANSIT: refund.amount_micro},
        )
        return refund if paid is None else replace(refund, provider_state=BackState.REQUESTED)

    def _today(self, now: datetime) -> date:
        return now.astimezone(self._zone).date()


async def _paid(unit: Unit, asked: Order) -> PaidBefore | None:
    """The payment that it is to go back to, locked before the account, as a payment that comes is.
    Raises `RefundRefused`."""
    if asked.way is not Way.PROVIDER or asked.payment is None:
        return None
    paid = await unit.backs.lock_payment(asked.payment)
    if paid is None:
        _refuse(f"payment {asked.payment} does not exist")
    return paid


def _payer(paid: PaidBefore) -> Payee:
    """Whoever paid, as its provider knows them."""
    return Payee(holder=f"{paid.provider}/{paid.payment_id}")


async def _locked(unit: Unit, account_id: UUID) -> Account:
    account = await unit.balances.lock(account_id)
    if account is None:
        message = f"account {account_id} does not exist; nothing was changed"
        raise UnknownAccount(message)
    return account


async def _ordered_before(unit: Unit, asked: Order) -> Refund | None:
    known = await unit.refunds.asked_as(asked.key, who=asked.decided.by)
    if known is None:
        return None
    refund = await unit.refunds.refund(known.refund_id)
    assert refund is not None, "a refund stays"
    if known.action is not StepAction.ORDER or not refund.is_asked_by(asked):
        message = (
            f"the Idempotency-Key {asked.key} came before with something else, which stands: "
            f"{known.action} of refund {known.refund_id}; nothing was changed"
        )
        raise KeyUsedBefore(message)
    return refund


def _refuse(why: str | None) -> None:
    if why is not None:
        message = f"{why}; nothing was changed"
        raise RefundRefused(message)
