"""What may be told of whom and for how long, and what stands of each account. Pure."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from prepay_ledger.conditions.values import OF_UTILITY, PAYMENT_IN_FLIGHT_LONGEST, Standing
from prewatt_common.contracts.cut_facts_v1 import ConditionKind
from prewatt_common.contracts.supply_policy_v1 import EvidenceGate


def why_not(
    kind: ConditionKind, *, account_id: UUID | None, until: datetime | None, now: datetime
) -> str | None:
    """Why a condition that begins now cannot be so; none: it can."""
    if (account_id is None) != (kind in OF_UTILITY):
        return f"{kind} is told of {'no single' if kind in OF_UTILITY else 'one'} account"
    if until is not None and until <= now:
        return f"{until.isoformat()} is over: give a later instant"
    if kind is ConditionKind.PAYMENT_IN_FLIGHT:
        latest = now + PAYMENT_IN_FLIGHT_LONGEST
        if until is None or until > latest:
            return f"say until when the payment is waited for, {latest.isoformat()} at the latest"
    return None


def standing(
    told: Iterable[tuple[UUID | None, ConditionKind, datetime | None]],
    account_ids: Collection[UUID],
) -> dict[UUID, Standing]:
    """Of those of the accounts that anything stands of. ``told``: of whom (none: of the utility),
    what and until when. Of several of one kind, the one that ends last holds longest."""
    of_each: dict[UUID | None, dict[ConditionKind, datetime | None]] = {}
    for account_id, kind, until in told:
        _add(of_each.setdefault(account_id, {}), kind, until)
    of_all = of_each.pop(None, {})
    found: dict[UUID, Standing] = {}
    for account_id in account_ids if of_all else of_each:
        if account_id is None:
            continue
        together = dict(of_all)
        for kind, until in of_each.get(account_id, {}).items():
            _add(together, kind, until)
        found[account_id] = together
    return found


def _add(
    to: dict[ConditionKind, datetime | None], kind: ConditionKind, until: datetime | None
) -> None:
    known = to.get(kind, until)
    to[kind] = None if known is None or until is None else max(known, until)


def obeyed(evidence: EvidenceGate) -> frozenset[ConditionKind]:
    """The kinds that hold the cuts of a class. A kind has its flag's name."""
    flags = {
        ConditionKind.DISPUTED_READINGS: evidence.disputed_readings,
        ConditionKind.PAYMENT_PROVIDER_DOWN: evidence.payment_provider_down,
        ConditionKind.BALANCE_VIEW_DOWN: evidence.balance_view_down,
        ConditionKind.PAYMENT_IN_FLIGHT: evidence.payment_in_flight,
        ConditionKind.MODE_CHANGE: evidence.mode_change,
    }
    return frozenset(kind for kind, is_on in flags.items() if is_on)
