"""Use cases: a person drafts a policy, another one publishes it, or it is withdrawn."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.facts.tell import tell
from prepay_ledger.facts.values import Decided, DraftState
from prepay_ledger.policies.ports import Unit
from prepay_ledger.policies.refusals import PolicyRefused, UnknownPolicy
from prepay_ledger.policies.values import PolicyDraft, PolicyVersion
from prewatt_common.contracts.ledger_facts_v1 import PolicyPublished
from prewatt_common.contracts.supply_policy_v1 import SupplyPolicy, canonical, sha256_of
from prewatt_common.ids import new_id
from prewatt_common.refusals import NeedsSecondPerson

SUBJECT = "policies"


async def draft_policy(
    *, unit: Unit, document: SupplyPolicy, effective_from: datetime | None, decided: Decided
) -> PolicyDraft:
    """A draft; nothing changes before it is published. Raises `PolicyRefused`."""
    _check_begin(effective_from, decided)
    draft = PolicyDraft(
        id=new_id(), document=document, effective_from=effective_from, drafted=decided
    )
    await unit.policies.add_draft(draft)
    return draft


async def publish_policy(*, unit: Unit, policy_id: UUID, decided: Decided) -> PolicyDraft:
    """The draft as it stands now: a version that holds from its ``effective_from`` on. The same
    again changes nothing. Raises `UnknownPolicy`, `PolicyRefused` or `NeedsSecondPerson`."""
    draft = await _known_draft(unit, policy_id)
    if draft.state is DraftState.PUBLISHED:
        return draft
    if draft.state is DraftState.WITHDRAWN:
        message = f"policy {policy_id} was withdrawn; draft another one"
        raise PolicyRefused(message)
    if decided.by == draft.drafted.by:
        message = (
            f"somebody else than {decided.by}, who drafted it, must publish policy {policy_id}"
        )
        raise NeedsSecondPerson(message)
    _check_begin(draft.effective_from, decided)
    await unit.policies.lock()
    version = PolicyVersion(
        id=draft.id,
        number=await unit.policies.next_number(),
        document=draft.document,
        sha256=sha256_of(draft.document),
        effective_from=draft.effective_from or decided.at,
        drafted=draft.drafted,
        published=decided,
    )
    await unit.policies.add(version)
    await tell(unit, [(SUBJECT, str(version.id), _event(version))], decided)
    draft = replace(
        draft,
        state=DraftState.PUBLISHED,
        effective_from=version.effective_from,
        number=version.number,
        decided=decided,
    )
    await unit.policies.change_draft(draft)
    return draft


async def withdraw_policy(*, unit: Unit, policy_id: UUID, decided: Decided) -> PolicyDraft:
    """The draft is not to be published any more; the same again changes nothing. Raises
    `UnknownPolicy`, or `PolicyRefused` for one that was published: another version follows it."""
    draft = await _known_draft(unit, policy_id)
    if draft.state is DraftState.WITHDRAWN:
        return draft
    if draft.state is DraftState.PUBLISHED:
        message = f"policy {policy_id} was published and stands; draft the one that is to follow it"
        raise PolicyRefused(message)
    draft = replace(draft, state=DraftState.WITHDRAWN, decided=decided)
    await unit.policies.change_draft(draft)
    return draft


async def _known_draft(unit: Unit, policy_id: UUID) -> PolicyDraft:
    draft = await unit.policies.lock_draft(policy_id)
    if draft is None:
        message = f"there is no policy {policy_id}"
        raise UnknownPolicy(message)
    return draft


def _check_begin(effective_from: datetime | None, decided: Decided) -> None:
    """What was decided by a policy is decided the same again, so none begins in the past."""
    if effective_from is not None and effective_from < decided.at:
        message = (
            f"it was to hold from {effective_from:%Y-%m-%d %H:%M} UTC, which is past; draft it for "
            "an instant to come, or without one to have it hold once it is published"
        )
        raise PolicyRefused(message)


def _event(version: PolicyVersion) -> PolicyPublished:
    return PolicyPublished(
        policy_id=version.id,
        number=version.number,
        effective_from=version.effective_from,
        document=canonical(version.document).decode(),
        sha256=version.sha256,
        drafted_by=version.drafted.by,
        drafted_reason=version.drafted.reason,
        by=version.published.by,
        reason=version.published.reason,
        at=version.published.at,
    )
