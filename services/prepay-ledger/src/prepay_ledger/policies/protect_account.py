"""Use cases: an account is protected from cuts for a time, on papers, and ceases to be."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from prepay_ledger.balances.refusals import UnknownAccount
from prepay_ledger.facts.tell import tell
from prepay_ledger.facts.values import Decided
from prepay_ledger.policies.ports import Unit
from prepay_ledger.policies.refusals import ProtectionRefused, UnknownProtection
from prepay_ledger.policies.values import Protection
from prewatt_common.contracts.ledger_facts_v1 import ProtectionSet
from prewatt_common.ids import new_id


async def grant_protection(
    *,
    unit: Unit,
    account_id: UUID,
    kind: str,
    papers: str,
    begins_at: datetime | None,
    ends_at: datetime | None,
    decided: Decided,
) -> Protection:
    """A protection from ``begins_at`` (none: now) to ``ends_at`` (none: as long as the policy in
    force allows). Raises `UnknownAccount` or `ProtectionRefused`. The caller reviews the account's
    supply: whoever is dark comes back."""
    if await unit.balances.account(account_id) is None:
        message = f"account {account_id} does not exist"
        raise UnknownAccount(message)
    protections = (await unit.policies.book()).version(decided.at).document.protections
    terms = protections.get(kind)
    if terms is None:
        known = ", ".join(sorted(protections)) or "none"
        message = f"the policy in force knows no protection {kind}, but: {known}"
        raise ProtectionRefused(message)
    if terms.papers and not papers:
        message = f"a protection {kind} takes papers: say who filed them where"
        raise ProtectionRefused(message)
    begins_at = begins_at or decided.at
    latest = begins_at + timedelta(days=terms.longest_days)
    ends_at = ends_at or latest
    if ends_at > latest:
        message = (
            f"a protection {kind} lasts {terms.longest_days} days at most, until "
            f"{latest:%Y-%m-%d %H:%M} UTC; grant it anew by then"
        )
        raise ProtectionRefused(message)
    if ends_at <= max(begins_at, decided.at):
        message = f"it would end at {ends_at:%Y-%m-%d %H:%M} UTC, before it protects anybody"
        raise ProtectionRefused(message)
    protection = Protection(
        id=new_id(),
        account_id=account_id,
        kind=kind,
        papers=papers,
        begins_at=begins_at,
        ends_at=ends_at,
        decided=decided,
    )
    await unit.protections.add(protection)
    await _tell(unit, protection)
    return protection


async def end_protection(
    *, unit: Unit, account_id: UUID, protection_id: UUID, decided: Decided
) -> Protection:
    """The protection, which ends now; as it stands where it is over. Raises `UnknownProtection`.
    The caller reviews the account's supply."""
    protection = await unit.protections.lock(protection_id)
    if protection is None or protection.account_id != account_id:
        message = f"account {account_id} has no protection {protection_id}"
        raise UnknownProtection(message)
    if protection.ends_at <= decided.at:
        return protection
    protection = replace(
        protection,
        # One that was to begin later is over before it has begun.
        begins_at=min(protection.begins_at, decided.at),
        ends_at=decided.at,
        decided=decided,
        revision=protection.revision + 1,
    )
    await unit.protections.change(protection)
    await _tell(unit, protection)
    return protection


async def _tell(unit: Unit, protection: Protection) -> None:
    decided = protection.decided
    event = ProtectionSet(
        protection_id=protection.id,
        revision=protection.revision,
        account_id=protection.account_id,
        kind=protection.kind,
        begins_at=protection.begins_at,
        ends_at=protection.ends_at,
        by=decided.by,
        reason=decided.reason,
        at=decided.at,
    )
    await tell(unit, [(str(protection.account_id), str(protection.id), event)], decided)
