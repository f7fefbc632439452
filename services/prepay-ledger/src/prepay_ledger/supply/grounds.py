"""What a decision rests on beside the account and its relays: the policy of its class, protection,
and what holds a cut by the calendar."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from prepay_ledger.policies.in_force import PolicyInForce, concerning, holds, next_hold_begins
from prepay_ledger.policies.values import Area, ProtectedPeriod
from prepay_ledger.relays.values import Limits
from prepay_ledger.supply.decide import Hold, Rules
from prepay_ledger.supply.ports import Unit
from prepay_ledger.supply.values import SupplyView


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """Of one account at one instant."""

    rules: Rules
    protected: bool
    holds: tuple[Hold, ...]
    cut_not_after: datetime | None
    """When the next hold begins, as far as it is known."""
    changes_at: datetime | None
    """When a protection begins or ends, or another policy comes to hold."""


async def grounds_of(
    unit: Unit, views: Sequence[SupplyView], *, zone: ZoneInfo, now: datetime
) -> list[Grounds]:
    """Of each of the accounts, which are locked."""
    ids = [each.account.id for each in views]
    book = await unit.policies.book()
    standing = await unit.protections.standing(ids, now=now)
    declared = await unit.protected_periods.declared(now=now)
    areas: Mapping[UUID, frozenset[Area]] = {}
    if any(each.area is not None for each in declared):
        areas = await unit.supply.areas(ids, now=now)
    found: list[Grounds] = []
    for account_id in ids:
        policy = book.in_force("default", at=now)
        protection = standing.get(account_id)
        of_it = concerning(declared, areas.get(account_id, frozenset()))
        held, not_after = _calendar(policy, of_it, zone=zone, now=now)
        changes = [book.next_change(now), protection.changes_at if protection else None]
        found.append(
            Grounds(
                rules=rules_of(policy),
                protected=policy.terms.protected or bool(protection and protection.kinds),
                holds=held,
                cut_not_after=not_after,
                changes_at=min((each for each in changes if each is not None), default=None),
            )
        )
    return found


def rules_of(policy: PolicyInForce) -> Rules:
    """What a policy says to a class, as far as decisions and steps rest on it."""
    terms = policy.terms
    return Rules(
        policy=policy.number,
        customer_class=policy.customer_class,
        balance_above_micro=terms.coming_back.balance_above_micro,
        findings_hold=terms.evidence.failed_readings,
        estimates_hold=terms.evidence.estimated_readings,
        limits=Limits(**msgspec.structs.asdict(terms.commands)),
    )


def _calendar(
    policy: PolicyInForce, declared: Sequence[ProtectedPeriod], *, zone: ZoneInfo, now: datetime
) -> tuple[tuple[Hold, ...], datetime | None]:
    held = holds(policy, at=now, zone=zone, declared=declared)
    not_after = next_hold_begins(policy, at=now, zone=zone, declared=declared)
    return tuple(Hold(rule=each.reason, until=each.until) for each in held), not_after
