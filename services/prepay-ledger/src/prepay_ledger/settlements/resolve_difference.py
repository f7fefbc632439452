"""Use case: a person says what comes of a difference. What moves money takes the ways that webhooks
take, and of a high amount a second person."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.approvals.act_alone import takes_two
from prepay_ledger.approvals.propose import propose, proposed_before
from prepay_ledger.approvals.values import Act, ActKind, ApprovalTerms, Parameters, Proposal
from prepay_ledger.facts.values import Decided
from prepay_ledger.payments.find_account import NoAccount, find_account
from prepay_ledger.settlement_files.values import LineKind
from prepay_ledger.settlements.compare_payments import compare_payments
from prepay_ledger.settlements.keep_file import ReadUpload
from prepay_ledger.settlements.move_difference import MoveDifference
from prepay_ledger.settlements.ports import Unit
from prepay_ledger.settlements.refusals import (
    DifferenceClosed,
    KeyUsedBefore,
    NotSo,
    UnknownDifference,
)
from prepay_ledger.settlements.rules import amount_of, correction_of
from prepay_ledger.settlements.values import (
    MOVES_MONEY,
    UNRESOLVED,
    Action,
    Difference,
    DifferenceKind,
    Outcome,
    State,
    Step,
)

_SO = {
    Action.TAKE: frozenset({DifferenceKind.MISSING_HERE}),
    Action.CORRECT: frozenset({DifferenceKind.OTHER_AMOUNT, DifferenceKind.MISSING_THERE}),
    Action.ASK: frozenset(DifferenceKind),
    Action.ACCEPT: frozenset(DifferenceKind),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asks for, under an Idempotency-Key."""

    difference_id: UUID
    action: Action
    key: str
    who: str
    reason: str


class ResolveDifference:
    """Resolves differences. What moves much money, by itself or with what that person did alone, a
    second person has to approve."""

    def __init__(
        self, *, move: MoveDifference, read_upload: ReadUpload, terms: ApprovalTerms
    ) -> None:
        self._move = move
        self._read_upload = read_upload
        self._terms = terms

    async def __call__(self, unit: Unit, *, asked: Asked, now: datetime) -> Proposal | None:
        """The proposal that waits, if it is none of one person's. The same again under its key
        changes nothing. First the provider is locked, and the difference is compared anew: what
        came meanwhile is not taken twice.

        Raises `UnknownDifference`, `DifferenceClosed`, `KeyUsedBefore`, `NotSo`, `ToldOtherwise` or
        `AnotherWaits`.
        """
        found = await _locked(unit, asked)
        if await _was_done(unit, asked):
            return None
        if asked.action not in MOVES_MONEY:
            await self._do(unit, await self._checked(unit, found, asked, now=now), asked, now=now)
            return None
        act, by = _act_of(found, asked), Decided(by=asked.who, reason=asked.reason, at=now)
        before = await proposed_before(unit=unit, act=act, who=by.by)
        if before is not None:
            return before
        found = await self._checked(unit, found, asked, now=now)
        about = [await _whose(unit, found)]
        if await takes_two(unit=unit, act=act, about=about, terms=self._terms, decided=by):
            return await propose(unit=unit, act=act, decided=by, term=self._terms.term)
        await self._do(unit, found, asked, now=now)
        return None

    async def carry_out(self, unit: Unit, proposal: Proposal, *, approved: Decided) -> None:
        """What a second person has approved, by who proposed it. Raises `DifferenceClosed`, `NotSo`
        or `ToldOtherwise` where it came otherwise meanwhile."""
        act, by = proposal.act, proposal.proposed
        assert act.key is not None, "a difference is resolved under a key"
        asked = Asked(
            difference_id=UUID(act.subject),
            action=Action(str(act.parameters["action"])),
            key=act.key,
            who=by.by,
            reason=by.reason,
        )
        found = await _locked(unit, asked)
        if not await _was_done(unit, asked):
            found = await self._checked(unit, found, asked, now=approved.at)
            await self._do(unit, found, asked, now=approved.at)

    async def _checked(
        self, unit: Unit, found: Difference, asked: Asked, *, now: datetime
    ) -> Difference:
        """As it stands by now. Raises `DifferenceClosed` or `NotSo`."""
        # A webhook that is being taken commits first.
        await unit.payments.lock_by_payment_id(
            provider=found.provider, payment_id=found.finding.payment_id
        )
        await self._compare(unit, found, now=now)
        found = await _known(unit, asked.difference_id)
        if found.state not in UNRESOLVED:
            message = (
                f"difference {found.id} is {found.state} since {found.closed_at:%Y-%m-%d %H:%M} "
                f"UTC ({found.reason}); nothing was changed"
            )
            raise DifferenceClosed(message)
        if found.finding.difference not in _SO[asked.action]:
            message = (
                f"difference {found.id} is {found.finding.difference}: that is not resolved by "
                f"{asked.action}; nothing was changed"
            )
            raise NotSo(message)
        return found

    async def _do(self, unit: Unit, found: Difference, asked: Asked, *, now: datetime) -> None:
        step = Step(
            key=asked.key,
            action=asked.action,
            who=asked.who,
            reason=asked.reason,
            state_before=found.state,
            at=now,
        )
        await unit.settlements.add_step(found.id, step)
        await unit.settlements.change(await self._resolved(unit, found, asked, now=now))
        await self._compare(unit, found, now=now)

    async def _compare(self, unit: Unit, found: Difference, *, now: datetime) -> None:
        await compare_payments(
            unit=unit,
            provider=found.provider,
            payment_ids={found.finding.payment_id},
            days=self._read_upload.terms_of(found.provider).days,
            now=now,
        )

    async def _resolved(
        self, unit: Unit, found: Difference, asked: Asked, *, now: datetime
    ) -> Difference:
        match asked.action:
            case Action.ASK:
                return replace(found, state=State.ASKED, reason=asked.reason)
            case Action.ACCEPT:
                outcome, corrected = Outcome.ACCEPTED, 0
            case Action.TAKE:
                outcome, corrected = Outcome.TAKEN, 0
                await self._move.take(unit, found, now=now)
            case Action.CORRECT:
                outcome, corrected = Outcome.CORRECTED, correction_of(found.finding)
                await self._move.correct(unit, found, corrected, now=now)
        return replace(
            found,
            state=State.RESOLVED,
            outcome=outcome,
            correction_micro=corrected,
            reason=asked.reason,
            closed_at=now,
        )


async def _locked(unit: Unit, asked: Asked) -> Difference:
    """It, once nobody else does anything about its provider. Raises `UnknownDifference`."""
    found = await _known(unit, asked.difference_id)
    await unit.settlements.lock(found.provider)
    return found


async def _whose(unit: Unit, found: Difference) -> str:
    """The account that gets or gives, by its id; where none is known, the difference: money in
    suspense counts as it is placed."""
    finding = found.finding
    paid = await unit.payments.by_payment_id(provider=found.provider, payment_id=finding.payment_id)
    if paid is not None:
        return str(paid.account_id or found.id)
    if finding.line_id is not None and finding.kind is LineKind.PAYMENT:
        line = (await unit.settlements.line(finding.line_id)).line
        try:
            return str((await find_account(unit, line.account_number)).id)
        except NoAccount:
            pass
    return str(found.id)


def _act_of(found: Difference, asked: Asked) -> Act:
    """About the difference, of which what differs never changes."""
    finding = found.finding
    parameters: Parameters = {
        "action": asked.action.value,
        "provider": found.provider,
        "difference": finding.difference.value,
        "kind": finding.kind.value,
        "payment_id": finding.payment_id,
        "movement_id": finding.movement_id,
    }
    return Act(
        kind=ActKind.SETTLEMENT_DIFFERENCE,
        subject=str(found.id),
        key=asked.key,
        parameters=parameters,
        amount_micro=abs(amount_of(finding)),
        currency=finding.their_currency or finding.our_currency or "",
    )


async def _known(unit: Unit, difference_id: UUID) -> Difference:
    found = await unit.settlements.difference(difference_id)
    if found is None:
        message = f"there is no difference {difference_id}"
        raise UnknownDifference(message)
    return found


async def _was_done(unit: Unit, asked: Asked) -> bool:
    known = await unit.settlements.step_of_key(asked.key)
    if known is None:
        return False
    of, step = known
    if (of, step.action, step.who, step.reason) != (
        asked.difference_id,
        asked.action,
        asked.who,
        asked.reason,
    ):
        message = (
            f"the Idempotency-Key {asked.key} came before: {step.action} of difference {of} by "
            f"{step.who} ({step.reason}); nothing was changed"
        )
        raise KeyUsedBefore(message)
    return True
