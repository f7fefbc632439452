"""Topic ``ledger.facts.v1``, of what cuts rest on: procedures by law and their steps, signed prepay
agreements, lists of a day's cuts, conditions that may hold them. As all facts they are kept for
ever."""

from datetime import date
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from prewatt_common.contracts.base import Event, Instant, Whole, Words
from prewatt_common.contracts.ledger_facts_v1 import Revision, Sha256


class ProcedurePublished(Event, frozen=True, kw_only=True):
    """What the law asks for before a cut, from a local day on. Key: jurisdiction, class of
    customers and mode, like ``cn/any/prepay``."""

    ce_type: ClassVar[str] = "prewatt.ledger.procedure-published.v1"

    jurisdiction: Words
    customer_class: Words
    mode: Words
    version: Revision
    """Counts those of the key."""
    valid_from: date
    document: Words
    """As canonical JSON; its schema is ``procedure.v1.json``."""
    sha256: Sha256
    """Of the document."""
    drafted_by: Words
    by: Words
    """Who published it: somebody else."""
    reason: Words
    at: Instant


class ProcedureStepTold(Event, frozen=True, kw_only=True):
    """A person says that a step of a procedure was done, that a cut is forbidden, or that what was
    said of either counts no more (``takes_back``). Key: the account."""

    ce_type: ClassVar[str] = "prewatt.ledger.procedure-step-told.v1"

    evidence_id: UUID
    account_id: UUID
    kind: Words
    """``step``, ``notice`` or ``hindrance``."""
    name: Words
    done_at: Instant
    role: Words
    form: Words
    reference: Words
    cited: Words
    """The procedure and version it was done by; empty where it was done by none."""
    takes_back: UUID | None
    by: Words
    reason: Words
    at: Instant


class CutListDecided(Event, frozen=True, kw_only=True):
    """A day's list of cuts was approved, or stopped. Key: the list."""

    ce_type: ClassVar[str] = "prewatt.ledger.cut-list-decided.v1"

    cut_list_id: UUID
    is_approved: bool
    """False: it was stopped, and no more of it is cut."""
    cited: Words
    """The procedure and version that asks for the list."""
    local_day: date
    accounts: Whole
    accounts_sha256: Sha256
    """Of the accounts' ids in their order, each with a newline."""
    drafted_by: Words
    role: Words
    by: Words
    reason: Words
    at: Instant


class PrepayAgreementSigned(Event, frozen=True, kw_only=True):
    """What a customer has signed about prepayment and cuts, in micro-units of the account's
    currency. Of an account the highest version that has begun holds. Key: the account."""

    ce_type: ClassVar[str] = "prewatt.ledger.prepay-agreement-signed.v1"

    account_id: UUID
    version: Revision
    jurisdiction: Words
    customer_class: Words
    mode: Words
    warning_micro: Whole
    overdraft_micro: Whole
    cut_micro: Whole
    contacts: tuple[Words, ...]
    reconnection: Words
    valid_from: Instant
    signed_at: Instant
    signed_by: Words
    paper_reference: Words
    paper_sha256: Sha256
    is_ended: bool
    """From ``valid_from`` on nothing is agreed."""
    by: Words
    """Who entered it."""
    reason: Words
    at: Instant


class ConditionKind(StrEnum):
    """What may hold cuts where the policy of a class says so; each has the name of the policy's
    flag."""

    DISPUTED_READINGS = "disputed_readings"
    """The customer disputes a reading or a charge."""
    PAYMENT_PROVIDER_DOWN = "payment_provider_down"
    """Money cannot come in: of the utility."""
    BALANCE_VIEW_DOWN = "balance_view_down"
    """Customers cannot see what they have: of the utility."""
    PAYMENT_IN_FLIGHT = "payment_in_flight"
    """A payment is announced and not confirmed."""
    MODE_CHANGE = "mode_change"
    """The account changes between prepaid and post-paid."""


class ConditionBegun(Event, frozen=True, kw_only=True):
    """Something is so from now on that may hold cuts, until then, or until `ConditionEnded`. Key:
    the condition's id."""

    ce_type: ClassVar[str] = "prewatt.ledger.condition-begun.v1"

    condition_id: UUID
    kind: ConditionKind
    account_id: UUID | None
    """Of whom; none: of the utility."""
    reference: Words
    """What it is about, by the name that whoever told it gave."""
    until: Instant | None
    by: Words
    reason: Words
    at: Instant


class ConditionEnded(Event, frozen=True, kw_only=True):
    """A condition stands no more. Key: the condition's id."""

    ce_type: ClassVar[str] = "prewatt.ledger.condition-ended.v1"

    condition_id: UUID
    kind: ConditionKind
    account_id: UUID | None
    by: Words
    reason: Words
    at: Instant
