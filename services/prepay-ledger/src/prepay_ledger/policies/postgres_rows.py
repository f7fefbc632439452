"""From rows to policies, protections and protected periods, and back."""

from collections.abc import Mapping
from typing import Any

import msgspec

from prepay_ledger.facts.values import Decided, DraftState
from prepay_ledger.policies.values import (
    Area,
    PolicyDraft,
    PolicyVersion,
    ProtectedPeriod,
    Protection,
)
from prewatt_common.contracts.ledger_facts_v1 import AreaLevel
from prewatt_common.contracts.supply_calendar_v1 import PeriodKind
from prewatt_common.contracts.supply_policy_v1 import SupplyPolicy, canonical

AnyMapping = Mapping[Any, Any]
"""A row of a query, by its columns' names."""

_document = msgspec.json.Decoder(SupplyPolicy).decode


def to_draft(row: AnyMapping) -> PolicyDraft:
    """Of `policy_draft`."""
    return PolicyDraft(
        id=row["id"],
        document=_document(row["document"]),
        effective_from=row["effective_from"],
        drafted=_drafted(row),
        state=DraftState(row["state"]),
        number=row["number"],
        decided=None
        if row["decided_at"] is None
        else Decided(by=row["decided_by"], reason=row["reason"], at=row["decided_at"]),
    )


def draft_row(draft: PolicyDraft) -> dict[str, Any]:
    """For `policy_draft`."""
    decided = draft.decided
    return {
        "id": draft.id,
        "state": draft.state,
        "document": canonical(draft.document).decode(),
        "effective_from": draft.effective_from,
        "drafted_by": draft.drafted.by,
        "draft_reason": draft.drafted.reason,
        "drafted_at": draft.drafted.at,
        "number": draft.number,
        "decided_by": None if decided is None else decided.by,
        "reason": None if decided is None else decided.reason,
        "decided_at": None if decided is None else decided.at,
    }


def to_version(row: AnyMapping) -> PolicyVersion:
    """Of `policy_version`."""
    return PolicyVersion(
        id=row["id"],
        number=row["number"],
        document=_document(row["document"]),
        sha256=row["sha256"],
        effective_from=row["effective_from"],
        drafted=_drafted(row),
        published=Decided(by=row["published_by"], reason=row["reason"], at=row["published_at"]),
    )


def version_row(version: PolicyVersion) -> dict[str, Any]:
    """For `policy_version`."""
    return {
        "id": version.id,
        "number": version.number,
        "document": canonical(version.document).decode(),
        "sha256": version.sha256,
        "effective_from": version.effective_from,
        "drafted_by": version.drafted.by,
        "draft_reason": version.drafted.reason,
        "drafted_at": version.drafted.at,
        "published_by": version.published.by,
        "reason": version.published.reason,
        "published_at": version.published.at,
    }


def to_protection(row: AnyMapping) -> Protection:
    """Of `account_protection`."""
    return Protection(
        id=row["id"],
        account_id=row["account_id"],
        kind=row["kind"],
        papers=row["papers"],
        begins_at=row["begins_at"],
        ends_at=row["ends_at"],
        revision=row["revision"],
        decided=_decided(row),
    )


def protection_row(protection: Protection) -> dict[str, Any]:
    """For `account_protection`."""
    return {
        "id": protection.id,
        "account_id": protection.account_id,
        "kind": protection.kind,
        "papers": protection.papers,
        "begins_at": protection.begins_at,
        "ends_at": protection.ends_at,
        "revision": protection.revision,
        **_of_decided(protection.decided),
    }


def to_period(row: AnyMapping) -> ProtectedPeriod:
    """Of `protected_period`."""
    level = row["area_level"]
    return ProtectedPeriod(
        id=row["id"],
        kind=PeriodKind(row["kind"]),
        name=row["name"],
        area=None if level is None else Area(AreaLevel(level), row["area"]),
        begins_at=row["begins_at"],
        ends_at=row["ends_at"],
        revision=row["revision"],
        decided=_decided(row),
    )


def period_row(period: ProtectedPeriod) -> dict[str, Any]:
    """For `protected_period`."""
    area = period.area
    return {
        "id": period.id,
        "kind": period.kind,
        "name": period.name,
        "area_level": None if area is None else area.level,
        "area": None if area is None else area.name,
        "begins_at": period.begins_at,
        "ends_at": period.ends_at,
        "revision": period.revision,
        **_of_decided(period.decided),
    }


def _drafted(row: AnyMapping) -> Decided:
    return Decided(by=row["drafted_by"], reason=row["draft_reason"], at=row["drafted_at"])


def _decided(row: AnyMapping) -> Decided:
    return Decided(by=row["decided_by"], reason=row["reason"], at=row["at"])


def _of_decided(decided: Decided) -> dict[str, Any]:
    return {"decided_by": decided.by, "reason": decided.reason, "at": decided.at}
