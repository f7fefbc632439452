"""What a customer has signed about prepayment and cuts, and what stands behind a cut."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from prepay_ledger.cut_lists.values import Listed
from prepay_ledger.facts.values import Decided
from prepay_ledger.procedures.values import DIRECT, Evidence, MissingStep, PublishedProcedure
from prewatt_common.contracts.procedure_v1 import ANY_CLASS, Mode
from prewatt_common.contracts.supply_policy_v1 import DEFAULT_CLASS


class Reconnection(StrEnum):
    """How supply comes back after a payment."""

    DIRECT = "direct"
    """The relay closes at once."""
    CONFIRMED = "confirmed"
    """It waits until the customer says that it is safe."""


class ContactChannel(StrEnum):
    """By what the customer agreed to be warned. Addresses are the notifier's, which can forget
    them; what is here stands for ever."""

    SMS = "sms"
    EMAIL = "email"
    APP = "app"
    PHONE = "phone"
    LETTER = "letter"
    LOG = "log"
    """Nobody is reached: for demonstrations and tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepayTerms:
    """What was signed, in micro-units of the account's currency.

    ``warning_micro``: at or below this balance the customer is warned; ``overdraft_micro``: what
    may be used below zero; ``cut_micro``: at or below this balance supply may be cut, which is
    never above what the overdraft leaves. ``paper_sha256``: of the signed document, in hexadecimal
    digits, which ``paper_reference`` finds. ``is_ended``: from ``valid_from`` on nothing is agreed.
    """

    jurisdiction: str
    customer_class: str
    mode: Mode
    warning_micro: int
    overdraft_micro: int
    cut_micro: int
    contacts: tuple[ContactChannel, ...]
    reconnection: Reconnection
    valid_from: datetime
    signed_at: datetime
    signed_by: str
    paper_reference: str
    paper_sha256: str
    is_ended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepayAgreement:
    """A version of an account's agreement, counted from 1: it holds from its begin until the next
    one's, so that two never hold at once. ``by``, ``reason``, ``at``: who entered it, why, when."""

    account_id: UUID
    version: int
    terms: PrepayTerms
    by: str
    reason: str
    at: datetime


class Signed(NamedTuple):
    """A version of an account's agreement: from when on it holds, and the class it is of."""

    valid_from: datetime
    customer_class: str


def class_at(versions: Sequence[Signed], *, at: datetime) -> str:
    """The class of the newest of an account's versions that has begun by then; ``versions``: in
    their order."""
    begun = (each.customer_class for each in reversed(versions) if each.valid_from <= at)
    return next(begun, DEFAULT_CLASS)


def class_of(agreement: PrepayAgreement | None) -> str:
    """The class that an account has signed for; who has signed nothing has the default's."""
    return agreement.terms.customer_class if agreement else DEFAULT_CLASS


def first_agreement(account_id: UUID, terms: PrepayTerms, decided: Decided) -> PrepayAgreement:
    """Of an account that has none."""
    return PrepayAgreement(
        account_id=account_id,
        version=1,
        terms=terms,
        by=decided.by,
        reason=decided.reason,
        at=decided.at,
    )


class Refused(StrEnum):
    """Why an account may not be cut, be its balance what it may."""

    NO_AGREEMENT = "no_agreement"
    NOT_YET = "not_yet"
    ENDED = "ended"
    ABOVE_CUT_THRESHOLD = "above_cut_threshold"
    """The balance is higher than what was signed for a cut."""
    NO_PROCEDURE = "no_procedure"
    """None is published for the jurisdiction, class and mode that were signed."""


class Grounds(NamedTuple):
    """What a cut of an account would rest on. ``evidence``: empty where the procedure has no
    step."""

    agreement: PrepayAgreement | None
    procedure: PublishedProcedure | None
    evidence: Sequence[Evidence]
    listed: Listed | None = None
    """Its line in the day's list, where the procedure asks for one."""


class Lawful(NamedTuple):
    """Whether a cut may be made: where nothing is refused and nothing is missing.

    ``again_at``: where only time is missing, when to look again. ``not_after``: where it may be
    made, the first instant at which it may not any more; none: always.
    """

    refused: Refused | None = None
    missing: tuple[MissingStep, ...] = ()
    again_at: datetime | None = None
    not_after: datetime | None = None

    @property
    def holds_cut(self) -> bool:
        """Whether the cut must not be made now."""
        return self.refused is not None or bool(self.missing)


DIRECT_PAPER = (
    "A demonstration or a test: the account is warned and cut by the terms it was opened with,"
    " nobody is reached, and supply comes back at once."
)


def direct_terms(
    *,
    number: str,
    low_balance_micro: int,
    overdraft_micro: int,
    at: datetime,
) -> PrepayTerms:
    """A complete agreement for account ``number`` under the procedure without steps."""
    return PrepayTerms(
        jurisdiction=DIRECT.jurisdiction,
        customer_class=ANY_CLASS,
        mode=DIRECT.mode,
        warning_micro=low_balance_micro,
        overdraft_micro=overdraft_micro,
        cut_micro=-overdraft_micro,
        contacts=(ContactChannel.LOG,),
        reconnection=Reconnection.DIRECT,
        valid_from=at,
        signed_at=at,
        signed_by=number,
        paper_reference=DIRECT.jurisdiction,
        paper_sha256=_DIRECT_SHA256,
    )


_DIRECT_SHA256 = hashlib.sha256(DIRECT_PAPER.encode()).hexdigest()
