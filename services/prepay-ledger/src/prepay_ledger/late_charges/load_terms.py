"""What the policy says of late days, to the class that an account has signed for."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from prepay_ledger.late_charges.ports import SweepUnit
from prepay_ledger.late_charges.rules import held_days
from prepay_ledger.late_charges.values import Ground, Terms
from prepay_ledger.prepay_agreements.values import class_of

_DAY = timedelta(days=1)


async def load_terms(
    unit: SweepUnit, account_id: UUID, ground: Ground, *, zone: ZoneInfo
) -> Sequence[Terms]:
    """Of each claim, as of the first instant of the day after its due day: a policy of later
    changes nothing for statements that were overdue before."""
    book = await unit.policies.book()
    disputed = held_days(ground.disputed, zone)
    protected = held_days(ground.protected, zone)
    found: list[Terms] = []
    for claim in ground.claims:
        begin = datetime.combine(claim.due_on + _DAY, time(), zone)
        signed = await unit.prepay_agreements.in_force([account_id], at=begin)
        policy = book.in_force(class_of(signed.get(account_id)), at=begin)
        late = policy.terms.late_payments
        charge = late.charge
        is_protected = charge is not None and not charge.while_protected
        found.append(
            Terms(
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
        )
    return found
