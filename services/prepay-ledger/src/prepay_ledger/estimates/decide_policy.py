"""Use case: the utility decides whether and how silent meters are estimated."""

from prepay_ledger.estimates.ports import PolicyUnit
from prepay_ledger.estimates.values import Policy, Terms
from prepay_ledger.facts.tell import tell
from prepay_ledger.facts.values import Decided
from prewatt_common.contracts.ledger_facts_v1 import EstimatesSet

SUBJECT = "estimates"


async def decide_policy(*, unit: PolicyUnit, terms: Terms | None, decided: Decided) -> Policy:
    """The policy as it stands now; the one before, where it says the same. The next run follows
    it, within seconds: ``terms`` none takes every estimate back; of an account with a parked meter
    the run after its release does."""
    before = await unit.estimates.hold_policy()
    after_days, longest_days = terms or (None, None)
    if before is not None and (before.after_days, before.longest_days) == (
        after_days,
        longest_days,
    ):
        return before
    policy = Policy(
        revision=1 if before is None else before.revision + 1,
        after_days=after_days,
        longest_days=longest_days,
        decided_by=decided.by,
        reason=decided.reason,
        at=decided.at,
    )
    await unit.estimates.put_policy(policy)
    event = EstimatesSet(
        revision=policy.revision,
        after_days=after_days,
        longest_days=longest_days,
        by=decided.by,
        reason=decided.reason,
        at=decided.at,
    )
    await tell(unit, [(SUBJECT, SUBJECT, event)], decided)
    return policy
