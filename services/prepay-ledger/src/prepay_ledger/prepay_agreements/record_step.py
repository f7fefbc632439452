"""Use cases: a person says that a step was done, that something forbids a cut, or that what was
said counts no more."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.events import fact
from prepay_ledger.facts.values import Decided
from prepay_ledger.prepay_agreements.load_grounds import load_grounds
from prepay_ledger.prepay_agreements.ports import Unit
from prepay_ledger.prepay_agreements.refusals import NoPrepayAgreement
from prepay_ledger.prepay_agreements.values import Grounds
from prepay_ledger.procedures.refusals import StepRefused, UnknownStep
from prepay_ledger.procedures.rules import proves, steps_of
from prepay_ledger.procedures.values import Evidence, EvidenceKind
from prewatt_common.contracts.cut_facts_v1 import ProcedureStepTold
from prewatt_common.contracts.procedure_v1 import (
    APPROVALS,
    SERVED,
    WAITS,
    Hindrance,
    Step,
    StepKind,
)
from prewatt_common.ids import new_id
from prewatt_common.refusals import NeedsSecondPerson


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a person says: the step or hindrance, when, as what, how it reached the customer, and
    where that is written."""

    name: str
    at: datetime
    role: str = ""
    form: str = ""
    reference: str = ""


async def record_step(*, unit: Unit, account_id: UUID, done: Done, decided: Decided) -> Evidence:
    """Evidence of a step of the procedure that is owed to the account now, or of a hindrance, which
    counts whatever procedure that is. Raises `UnknownAccount`, `NoPrepayAgreement`, `UnknownStep`,
    `StepRefused`, `NeedsSecondPerson`."""
    if await unit.balances.account(account_id) is None:
        message = f"account {account_id} does not exist"
        raise UnknownAccount(message)
    if done.at > decided.at:
        message = f"{done.name} would be done at {done.at.isoformat()}, which is yet to come"
        raise StepRefused(message)
    kind, cited = EvidenceKind.HINDRANCE, ""
    if done.name not in set(Hindrance):
        grounds = (await load_grounds(unit, [account_id], at=decided.at))[account_id]
        _check_step(account_id, grounds, done, decided)
        kind, cited = EvidenceKind.STEP, str(grounds.procedure)
    evidence = Evidence(
        id=new_id(),
        account_id=account_id,
        kind=kind,
        name=done.name,
        at=done.at,
        by=decided.by,
        role=done.role,
        form=done.form,
        reference=done.reference,
        cited=cited,
        reason=decided.reason,
        recorded_at=decided.at,
    )
    await _keep(unit, evidence, decided)
    return evidence


async def take_back_step(
    *, unit: Unit, account_id: UUID, evidence_id: UUID, decided: Decided
) -> Evidence:
    """What was said counts no more; the same again changes nothing. Gives what was said. Raises
    `UnknownStep`."""
    found = await unit.evidence.find(evidence_id, account_id=account_id)
    if found is None or found[0].takes_back is not None:
        message = f"account {account_id} has no step {evidence_id} that could be taken back"
        raise UnknownStep(message)
    said, stands = found
    if stands:
        evidence = Evidence(
            id=new_id(),
            account_id=account_id,
            kind=said.kind,
            name=said.name,
            at=decided.at,
            by=decided.by,
            cited=said.cited,
            takes_back=said.id,
            reason=decided.reason,
            recorded_at=decided.at,
        )
        await _keep(unit, evidence, decided)
    return said


def _check_step(account_id: UUID, grounds: Grounds, done: Done, decided: Decided) -> None:
    if grounds.agreement is None or grounds.procedure is None:
        message = (
            f"account {account_id} has no prepay agreement under a procedure that is in force:"
            " nothing is owed to it before a cut, and it is not cut"
        )
        raise NoPrepayAgreement(message)
    owed = steps_of(grounds.procedure.procedure, grounds.agreement.terms.customer_class)
    index = next((number for number, each in enumerate(owed) if each.name == done.name), None)
    if index is None:
        names = ", ".join([*(each.name for each in owed), *Hindrance])
        message = f"{grounds.procedure} has no step {done.name}; there are {names}"
        raise UnknownStep(message)
    wrong = _wrong(owed[index], done, decided)
    if wrong:
        message = f"step {done.name}: {wrong}"
        raise StepRefused(message)
    if owed[index].kind is StepKind.SECOND_PERSON:
        _check_second(owed[index - 1], grounds, decided)


def _wrong(  # noqa: PLR0911 - one mistake a line
    step: Step, done: Done, decided: Decided
) -> str | None:
    if step.kind in WAITS:
        return "it is a wait, of which there is no evidence but time"
    if step.kind in SERVED and done.form not in step.forms:
        return f"it is served in one of these forms: {', '.join(step.forms)}"
    if step.kind not in SERVED and done.form:
        return "it reaches no customer, so it has no form"
    if (step.approver_role or "") != done.role:
        return f"its role is {step.approver_role}" if step.approver_role else "it has no role"
    if step.kind in APPROVALS and done.at != decided.at:
        return "somebody approves now, not at another time: leave `at` out"
    if not done.reference and step.kind not in APPROVALS:
        return "say by `reference` where it is written"
    return None


def _check_second(first: Step, grounds: Grounds, decided: Decided) -> None:
    approved = {each.by for each in grounds.evidence if proves(first, each)}
    if approved <= {decided.by}:
        message = f"somebody else must have approved it before, in the step {first.name}; " + (
            f"{decided.by} did" if approved else "nobody did"
        )
        raise NeedsSecondPerson(message)


async def _keep(unit: Unit, evidence: Evidence, decided: Decided) -> None:
    await unit.evidence.add(evidence)
    event = ProcedureStepTold(
        evidence_id=evidence.id,
        account_id=evidence.account_id,
        kind=evidence.kind,
        name=evidence.name,
        done_at=evidence.at,
        role=evidence.role,
        form=evidence.form,
        reference=evidence.reference,
        cited=evidence.cited,
        takes_back=evidence.takes_back,
        by=decided.by,
        reason=decided.reason,
        at=decided.at,
    )
    await unit.publish([fact(event, key=str(evidence.account_id), at=decided.at)])
