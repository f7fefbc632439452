"""Mode changes over HTTP. Money: integer micro-units."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from prepay_ledger.facts.schemas import DecidedOut
from prepay_ledger.fields import DayField, InstantField, TariffCodeField
from prepay_ledger.mandates.values import Consent
from prepay_ledger.mode_changes.values import ChangeState, ModeChange, Step, StepAction, Terms
from prewatt_common.contracts.procedure_v1 import Mode
from prewatt_common.http.fields import PRINTABLE, Reason

_Name = Annotated[str, Field(min_length=1, max_length=200, pattern=PRINTABLE)]


class ModeChangeIn(Reason):
    """``to``: ``prepay``, or ``arrears``: post-paid. ``first_day``: the first local day that is
    charged in the new way, by ``tariff_code``. The consent: who gave it, when, and by what paper or
    session."""

    to: Mode
    first_day: DayField
    tariff_code: TariffCodeField
    consent_by: _Name
    consent_reference: _Name
    consent_at: InstantField

    def terms(self) -> Terms:
        """Where the account goes."""
        return Terms(
            to=self.to,
            first_day=self.first_day,
            tariff_code=self.tariff_code,
            consent=Consent(
                by=self.consent_by, reference=self.consent_reference, at=self.consent_at
            ),
        )


class ModeNoticeIn(Reason):
    """The customer was told of the change at ``given_at``, by the letter or message
    ``reference``."""

    reference: _Name
    given_at: InstantField


class ModeChangeOut(BaseModel):
    """A change as it stands. ``effective_at``: its instant. ``notice_days``: so many days before it
    the customer must have been told. ``waits_for``: what it waits for, in words; ``state_reason``:
    why it was cancelled or refused. ``closing_micro``: what the balance had at its instant, what
    was paid since included; ``debt_id``: what of it is owed apart."""

    id: UUID
    account_id: UUID
    to: Mode
    first_day: date
    tariff_code: str
    effective_at: datetime
    consent_by: str
    consent_reference: str
    consent_at: datetime
    notice_days: int
    noticed_at: datetime | None
    state: ChangeState
    state_reason: str
    waits_for: str
    agreement_id: UUID | None
    closing_micro: int | None
    debt_id: UUID | None


class ModeChangeStepOut(BaseModel, from_attributes=True):
    """What was done with a change, by whom, why and when. ``reference``: of the notice, or what is
    waited for."""

    id: UUID
    change_id: UUID
    action: StepAction
    reference: str
    decided: DecidedOut


def change_out(change: ModeChange) -> ModeChangeOut:
    """As it is shown."""
    terms = change.terms
    return ModeChangeOut(
        id=change.id,
        account_id=change.account_id,
        to=terms.to,
        first_day=terms.first_day,
        tariff_code=terms.tariff_code,
        effective_at=change.effective_at,
        consent_by=terms.consent.by,
        consent_reference=terms.consent.reference,
        consent_at=terms.consent.at,
        notice_days=change.rules.notice_days,
        noticed_at=change.noticed_at,
        state=change.state,
        state_reason=change.reason,
        waits_for=change.waits_for,
        agreement_id=change.agreement_id,
        closing_micro=change.closing_micro,
        debt_id=change.debt_id,
    )


def step_out(step: Step) -> ModeChangeStepOut:
    """As it is shown."""
    return ModeChangeStepOut.model_validate(step)
