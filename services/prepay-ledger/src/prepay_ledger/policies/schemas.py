"""Policies, protections and protected periods over HTTP. Money: integer micro-units."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from pydantic import BaseModel, Field, model_validator

from prepay_ledger.facts.schemas import DecidedOut
from prepay_ledger.facts.values import DraftState
from prepay_ledger.fields import InstantField
from prepay_ledger.policies.differences import Difference
from prepay_ledger.policies.in_force import PolicyInForce
from prepay_ledger.policies.values import (
    Area,
    PolicyDraft,
    PolicyVersion,
    ProtectedPeriod,
    Protection,
)
from prewatt_common.contracts.ledger_facts_v1 import AreaLevel
from prewatt_common.contracts.supply_calendar_v1 import PeriodKind
from prewatt_common.contracts.supply_policy_v1 import sha256_of
from prewatt_common.http.fields import PRINTABLE, Reason

NamedField = Annotated[str, Field(min_length=1, max_length=100, pattern=PRINTABLE)]


class PolicyIn(Reason):
    """A document, as `prewatt policy check` checks it; its schema is ``supply-policy.v1.json``.
    ``effective_from`` null: it holds from the moment at which it is published."""

    document: dict[str, Any]
    effective_from: InstantField | None = None


class PolicyOut(BaseModel):
    """A policy: a draft, or what became of it. ``number``: of the version that was published.
    ``decided``: who published or withdrew it."""

    id: UUID
    state: DraftState
    number: int | None
    effective_from: datetime | None
    sha256: str
    document: dict[str, Any]
    drafted: DecidedOut
    decided: DecidedOut | None


class DifferenceOut(BaseModel, from_attributes=True):
    """A field that differs: like ``class household``, ``commands.first_pause_s``, ``60``, ``120``.
    Of a list: what went and what came."""

    of: str
    field: str
    before: str
    after: str


class DifferencesOut(BaseModel):
    """What a policy changes. ``against``: the other one; null: what holds now, which is version
    ``against_number``, where it was compared with that."""

    against: UUID | None
    against_number: int | None
    differences: list[DifferenceOut]


class InForceOut(BaseModel):
    """What holds for a class at an instant. ``number`` 0: built in. ``changes_at``: when another
    version comes to hold, as far as any is published."""

    number: int
    policy_id: UUID
    title: str
    effective_from: datetime
    changes_at: datetime | None
    customer_class: str
    is_named: bool
    """Whether the document names the class; else it has the default."""
    terms: dict[str, Any]
    calendar: dict[str, Any] | None


class ProtectionIn(Reason):
    """``kind``: one that the policy in force names. ``papers``: who filed them where, under which
    number; no diagnosis. From now on, and as long as the policy allows, unless told otherwise."""

    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
    papers: Annotated[str, Field(max_length=500, pattern=f"^$|{PRINTABLE}")] = ""
    begins_at: InstantField | None = None
    ends_at: InstantField | None = None


class ProtectionOut(BaseModel, from_attributes=True):
    """The account may not be cut over [``begins_at``, ``ends_at``)."""

    id: UUID
    account_id: UUID
    kind: str
    papers: str
    begins_at: datetime
    ends_at: datetime
    revision: int
    decided: DecidedOut


class PeriodIn(Reason):
    """Cuts are held over [``begins_at`` (null: now), ``ends_at``): in one area, or with neither
    ``area_level`` nor ``area`` everywhere."""

    kind: PeriodKind
    name: NamedField
    area_level: AreaLevel | None = None
    area: NamedField | None = None
    begins_at: InstantField | None = None
    ends_at: InstantField

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.area_level is None) != (self.area is None):
            message = "give both area_level and area, or neither: everywhere"
            raise ValueError(message)
        return self

    def where(self) -> Area | None:
        """None: everywhere."""
        if self.area_level is None or self.area is None:
            return None
        return Area(self.area_level, self.area)


class PeriodOut(BaseModel):
    """A protected period as it stands."""

    id: UUID
    kind: PeriodKind
    name: str
    area_level: AreaLevel | None
    area: str | None
    begins_at: datetime
    ends_at: datetime
    revision: int
    decided: DecidedOut


def policy_out(draft: PolicyDraft) -> PolicyOut:
    """As it is shown."""
    return PolicyOut(
        id=draft.id,
        state=draft.state,
        number=draft.number,
        effective_from=draft.effective_from,
        sha256=sha256_of(draft.document),
        document=msgspec.to_builtins(draft.document),
        drafted=DecidedOut.model_validate(draft.drafted),
        decided=None if draft.decided is None else DecidedOut.model_validate(draft.decided),
    )


def in_force_out(
    version: PolicyVersion, policy: PolicyInForce, *, changes_at: datetime | None
) -> InForceOut:
    """As it is shown."""
    return InForceOut(
        number=version.number,
        policy_id=version.id,
        title=version.document.title,
        effective_from=version.effective_from,
        changes_at=changes_at,
        customer_class=policy.customer_class,
        is_named=policy.customer_class in version.document.classes,
        terms=msgspec.to_builtins(policy.terms),
        calendar=msgspec.to_builtins(policy.calendar),
    )


def differences_out(
    found: tuple[Difference, ...], *, against: UUID | None, against_number: int | None
) -> DifferencesOut:
    """As they are shown."""
    return DifferencesOut(
        against=against,
        against_number=against_number,
        differences=[DifferenceOut.model_validate(each) for each in found],
    )


def protection_out(protection: Protection) -> ProtectionOut:
    """As it is shown."""
    return ProtectionOut.model_validate(protection)


def period_out(period: ProtectedPeriod) -> PeriodOut:
    """As it is shown."""
    return PeriodOut(
        id=period.id,
        kind=period.kind,
        name=period.name,
        area_level=None if period.area is None else period.area.level,
        area=None if period.area is None else period.area.name,
        begins_at=period.begins_at,
        ends_at=period.ends_at,
        revision=period.revision,
        decided=DecidedOut.model_validate(period.decided),
    )
