"""What the policy says of late days, to the class that an account has signed for."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from prepay_ledger.late_charges.ports import SweepUnit
from prepay_ledger.late_charges.rules import held_days
from prepay_ledger.late_charges.values import Ground, HeldDays, Terms
from prepay_ledger.policies.book import PolicyBook
from prepay_ledger.prepay_agreements.values import Signed, class_at

_DAY = timedelta(days=1)


async def load_terms(
    unit: SweepUnit, grounds: Sequence[Ground], *, zone: ZoneInfo
) -> Sequence[Sequence[Terms]]:
    """Of each claim of each, as of the first instant of the day after its due day: a policy of
    later changes nothing for statements that were overdue before."""
    book = await unit.policies.book()
    signed = await unit.prepay_agreements.signed([each.account.id for each in grounds])
    begins: dict[date, datetime] = {}

    def terms_of(ground: Ground) -> Sequence[Terms]:
        disputed = held_days(ground.disputed, zone)
        protected = held_days(ground.protected, zone)
        found: list[Terms] = []
        for claim in ground.claims:
            begin = begins.get(claim.due_on)
            if begin is None:
                begin = datetime.combine(claim.due_on + _DAY, time(), zone)
                begins[claim.due_on] = begin
            versions = signed.get(ground.account.id, ())
            found.append(_terms(book, versions, at=begin, disputed=disputed, protected=protected))
        return found

    return [terms_of(each) for each in grounds]


def _terms(
    book: PolicyBook,
    versions: Sequence[Signed],
    *,
    at: datetime,
    disputed: Sequence[HeldDays],
    protected: Sequence[HeldDays],
) -> Terms:
    policy = book.in_force(class_at(versions, at=at), at=at)
    late = policy.terms.late_payments
    charge = late.charge
    is_protected = charge is not None and not charge.while_protected
    return Terms(
        policy_number=policy.number,
        customer_class=policy.customer_class,
        charge=charge,
        held=[*disputed, *(protected if is_protected else ())],
        reminder_days=late.reminder_days,
        unreminded=[
            *(() if late.remind_while_disputed else disputed),
            *(() if late.remind_while_protected else protected),
        ],
    )
