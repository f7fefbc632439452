"""What is told of prepay agreements and of steps, and what is shown. Money: integer micro-units."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from prepay_ledger.fields import InstantField, MicroUnits
from prepay_ledger.prepay_agreements.record_step import Done
from prepay_ledger.prepay_agreements.values import (
    ContactChannel,
    PrepayAgreement,
    PrepayTerms,
    Reconnection,
)
from prepay_ledger.procedures.values import Evidence, EvidenceKind
from prewatt_common.contracts.procedure_v1 import ANY_CLASS, Form, Mode
from prewatt_common.http.fields import PRINTABLE, Body, Reason

PlainNameField = Annotated[str, Field(pattern=r"^[a-z0-9]+(?:[-_][a-z0-9]+)*$", max_length=60)]
ReferenceField = Annotated[str, Field(min_length=1, max_length=300, pattern=PRINTABLE)]
Sha256Field = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
BalanceField = Annotated[int, Field(ge=-(10**15), le=10**15)]


class PrepayTermsIn(Body):
    """What the customer has signed. ``cut_micro``: at or below this balance supply may be cut;
    left out: where the overdraft is used up. ``valid_from``: left out: from its signature on.
    ``paper_sha256``: of the signed document that ``paper_reference`` finds."""

    jurisdiction: PlainNameField
    customer_class: PlainNameField = ANY_CLASS
    mode: Mode = Mode.PREPAY
    warning_micro: BalanceField
    overdraft_micro: MicroUnits
    cut_micro: BalanceField | None = None
    contacts: Annotated[set[ContactChannel], Field(min_length=1)]
    reconnection: Reconnection = Reconnection.DIRECT
    valid_from: InstantField | None = None
    signed_at: InstantField
    signed_by: ReferenceField
    paper_reference: ReferenceField
    paper_sha256: Sha256Field

    @property
    def terms(self) -> PrepayTerms:
        """With what was left out. Instants in UTC, as they are read back."""
        signed_at = self.signed_at.astimezone(UTC)
        return PrepayTerms(
            jurisdiction=self.jurisdiction,
            customer_class=self.customer_class,
            mode=self.mode,
            warning_micro=self.warning_micro,
            overdraft_micro=self.overdraft_micro,
            cut_micro=-self.overdraft_micro if self.cut_micro is None else self.cut_micro,
            contacts=tuple(sorted(self.contacts)),
            reconnection=self.reconnection,
            valid_from=self.valid_from.astimezone(UTC) if self.valid_from else signed_at,
            signed_at=signed_at,
            signed_by=self.signed_by,
            paper_reference=self.paper_reference,
            paper_sha256=self.paper_sha256,
        )


class PrepayAgreementIn(PrepayTermsIn, Reason):
    """The account's agreement from its begin on."""


class PrepayAgreementEnd(Reason):
    """Nothing is agreed from then on; left out: from now on."""

    ends_at: InstantField | None = None


class PrepayAgreementOut(BaseModel):
    """A version of an account's agreement: it holds until the next one's begin."""

    account_id: UUID
    version: int
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
    is_ended: bool
    by: str
    reason: str
    at: datetime


class StepIn(Reason):
    """A step that was done, or what forbids a cut. ``at``: left out: now. ``role``: of an approval.
    ``form``: how it reached the customer. ``reference``: where it is written."""

    name: PlainNameField
    at: InstantField | None = None
    role: PlainNameField | None = None
    form: Form | None = None
    reference: ReferenceField | None = None

    def done(self, *, now: datetime) -> Done:
        """As the use case takes it."""
        return Done(
            name=self.name,
            at=self.at.astimezone(UTC) if self.at else now,
            role=self.role or "",
            form=self.form or "",
            reference=self.reference or "",
        )


class EvidenceOut(BaseModel, from_attributes=True):
    """What was said, by whom. ``cited``: the version of the procedure that it was done by.
    ``takes_back``: the row that counts no more because of this one. ``said_at``: when a notice was
    handed over, or as its bringer says left at the door; that it arrived is known ``at``."""

    id: UUID
    account_id: UUID
    kind: EvidenceKind
    name: str
    at: datetime
    said_at: datetime | None
    by: str
    role: str
    form: str
    reference: str
    cited: str
    takes_back: UUID | None
    reason: str
    recorded_at: datetime


def evidence_out(evidence: Evidence) -> EvidenceOut:
    """As it is shown."""
    return EvidenceOut.model_validate(evidence)


def agreement_out(agreement: PrepayAgreement) -> PrepayAgreementOut:
    """As it is shown."""
    terms = {name: getattr(agreement.terms, name) for name in PrepayTerms.__dataclass_fields__}
    return PrepayAgreementOut(
        account_id=agreement.account_id,
        version=agreement.version,
        by=agreement.by,
        reason=agreement.reason,
        at=agreement.at,
        **terms,
    )
