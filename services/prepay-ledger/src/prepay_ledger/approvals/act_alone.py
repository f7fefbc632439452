"""Use case: what a person does alone is counted, so that many small acts are not one that nobody
else has seen."""

from collections.abc import Sequence

from prepay_ledger.approvals.ports import HasProposals
from prepay_ledger.approvals.values import Act, ApprovalTerms, SoleAct
from prepay_ledger.facts.values import Decided
from prewatt_common.ids import new_id


async def takes_two(
    *,
    unit: HasProposals,
    act: Act,
    about: Sequence[str],
    terms: ApprovalTerms,
    decided: Decided,
) -> bool:
    """Whether the act takes two people: by its own amount, or with what that person did alone
    before, within the terms' window: to one of what it is ``about`` (one or two names: an account's
    id, ``vendor/CODE``, ``provider/NAME``), or in all. Where it does not, it is counted from now
    on: the caller does it in this transaction, and holds what it is about."""
    assert 1 <= len(about) <= 2, "an act is about one thing, or two"
    if terms.needs_two(act.amount_micro):
        return True
    if not terms.adds_up:
        return False
    done = await unit.proposals.done_alone(
        decided.by, currency=act.currency, about=about, since=decided.at - terms.within
    )
    if terms.is_much_with(act.amount_micro, done):
        return True
    await unit.proposals.add_sole(
        SoleAct(
            id=new_id(),
            kind=act.kind,
            about=about[0],
            also_about=about[1] if len(about) > 1 else "",
            amount_micro=act.amount_micro,
            currency=act.currency,
            who=decided.by,
            at=decided.at,
        )
    )
    return False
