"""Use case: a person gives up late charges of a statement: at once, or as a second one approves."""

from datetime import datetime
from uuid import UUID

from prepay_ledger.approvals.act_alone import takes_two
from prepay_ledger.approvals.propose import propose, proposed_before
from prepay_ledger.approvals.refusals import KeyUsedBefore
from prepay_ledger.approvals.values import Act, ActKind, ApprovalTerms, Proposal
from prepay_ledger.balances.values import Account
from prepay_ledger.facts.values import Decided
from prepay_ledger.late_charges.ports import Unit
from prepay_ledger.late_charges.post_charge import post_charges
from prepay_ledger.late_charges.refusals import NoLateCharge, WaiverTooMuch
from prepay_ledger.late_charges.values import (
    Change,
    Charged,
    Waiver,
    WaiverOrder,
    Wanted,
    posted_by,
)
from prepay_ledger.supply.review_supply import SupplyReview
from prewatt_common.ids import new_id


class WaiveLate:
    """What is given up is never charged again for that statement; days that it stays open go on
    costing."""

    def __init__(self, *, review: SupplyReview, terms: ApprovalTerms) -> None:
        self._review = review
        self._terms = terms

    async def __call__(self, unit: Unit, *, asked: WaiverOrder, now: datetime) -> Waiver | Proposal:
        """The waiver, or the proposal that waits. The same key again changes nothing, and is
        answered as it is by then. Raises `NoLateCharge`, `WaiverTooMuch`, `KeyUsedBefore` or
        `AnotherWaits`."""
        account, charged = await _locked(unit, asked.statement_id)
        known = await unit.late_charges.waiver(asked.key, who=asked.who)
        if known is not None:
            if known.order != asked:
                message = (
                    f"the Idempotency-Key {asked.key} came before with another waiver, {known.id}, "
                    "which stands; nothing was changed"
                )
                raise KeyUsedBefore(message)
            return known
        act = act_of_waiver(asked, charged)
        waiting = await proposed_before(unit=unit, act=act, who=asked.who)
        if waiting is not None:
            return waiting
        _check_charged(charged, asked.amount_micro)
        decided = Decided(by=asked.who, reason=asked.reason, at=now)
        if await takes_two(
            unit=unit, act=act, about=[str(account.id)], terms=self._terms, decided=decided
        ):
            return await propose(unit=unit, act=act, decided=decided, term=self._terms.term)
        return await self._waive(unit, account, charged, asked, proposal_id=None, now=now)

    async def carry_out(self, unit: Unit, proposal: Proposal, *, approved: Decided) -> None:
        """What a second person has approved. Raises `WaiverTooMuch` where less is charged by now,
        or `KeyUsedBefore`."""
        act, by = proposal.act, proposal.proposed
        assert act.key is not None, "a waiver is asked for under a key"
        asked = WaiverOrder(
            key=act.key,
            statement_id=UUID(act.subject),
            amount_micro=act.amount_micro,
            who=by.by,
            reason=by.reason,
        )
        account, charged = await _locked(unit, asked.statement_id)
        _check_charged(charged, asked.amount_micro)
        await self._waive(unit, account, charged, asked, proposal_id=proposal.id, now=approved.at)

    async def _waive(
        self,
        unit: Unit,
        account: Account,
        charged: Charged,
        asked: WaiverOrder,
        *,
        proposal_id: UUID | None,
        now: datetime,
    ) -> Waiver:
        last = charged.last
        before = posted_by(last)
        after = Change(
            statement_id=asked.statement_id,
            through=last.through,
            posted=before._replace(waived_micro=before.waived_micro + asked.amount_micro),
            spans=last.spans,
            policy_number=last.policy_number,
            customer_class=last.customer_class,
        )
        (row,), _ = await post_charges(unit, [Wanted(account, before, after)], now=now)
        waiver = Waiver(
            id=new_id(),
            order=asked,
            account_id=account.id,
            currency=account.currency,
            proposal_id=proposal_id,
            charge_id=row.id,
            at=now,
        )
        await unit.late_charges.add_waiver(waiver)
        await self._review(unit, [account.id], now=now, caused_at=now)
        return waiver


def act_of_waiver(asked: WaiverOrder, charged: Charged) -> Act:
    """The act as it is proposed."""
    return Act(
        kind=ActKind.LATE_CHARGE_WAIVER,
        subject=str(asked.statement_id),
        key=asked.key,
        parameters={"account_id": str(charged.account_id), "amount_micro": asked.amount_micro},
        amount_micro=asked.amount_micro,
        currency=charged.currency,
    )


async def _locked(unit: Unit, statement_id: UUID) -> tuple[Account, Charged]:
    """The account's row first; what is charged is read after that was waited for."""
    charged = await unit.late_charges.of_statement(statement_id)
    if charged is None:
        message = f"nothing was charged late for statement {statement_id}; nothing was changed"
        raise NoLateCharge(message)
    account = await unit.balances.lock(charged.account_id)
    assert account is not None, "an account stays"
    charged = await unit.late_charges.of_statement(statement_id)
    assert charged is not None, "what was charged stays"
    return account, charged


def _check_charged(charged: Charged, micro: int) -> None:
    last = charged.last
    left = posted_by(last).charged_micro
    if micro > left:
        message = (
            f"{left} micro-units are charged late for statement {last.statement_id}, not {micro}; "
            "nothing was changed"
        )
        raise WaiverTooMuch(message)
