"""Use case: an act is kept until a second person approves it."""

from datetime import timedelta

from prepay_ledger.approvals.ports import HasProposals
from prepay_ledger.approvals.refusals import AnotherWaits, KeyUsedBefore
from prepay_ledger.approvals.values import Act, OutcomeAction, Proposal
from prepay_ledger.facts.values import Decided
from prewatt_common.ids import new_id


async def proposed_before(*, unit: HasProposals, act: Act, who: str) -> Proposal | None:
    """What ``who`` proposed under the key, unless it was approved: then the act itself is there,
    under the same key. Raises `KeyUsedBefore` where that was another act."""
    if act.key is None:
        return None
    known = await unit.proposals.by_key(act.kind, act.key, who=who)
    if known is None:
        return None
    if known.act != act:
        raise _used(act)
    approved = known.outcome is not None and known.outcome.action is OutcomeAction.APPROVED
    return None if approved else known


async def propose(*, unit: HasProposals, act: Act, decided: Decided, term: timedelta) -> Proposal:
    """The act as it waits now. The caller holds what it is about, and asked `proposed_before`. The
    same act by the same person, while it waits, changes nothing. Raises `AnotherWaits` or
    `KeyUsedBefore`."""
    waiting = await unit.proposals.waiting(act.kind, act.subject, now=decided.at)
    if waiting is not None:
        if waiting.act == act and waiting.proposed.by == decided.by:
            return waiting
        message = (
            f"proposal {waiting.id} by {waiting.proposed.by} ({waiting.proposed.reason}) waits for "
            f"a second person: approve or refuse it first; nothing was changed"
        )
        raise AnotherWaits(message)
    proposal = Proposal(id=new_id(), act=act, proposed=decided, expires_at=decided.at + term)
    if not await unit.proposals.add(proposal):
        raise _used(act)
    return proposal


def _used(act: Act) -> KeyUsedBefore:
    message = (
        f"the Idempotency-Key came before with another {act.kind}, which stands; nothing was "
        "changed"
    )
    return KeyUsedBefore(message)
