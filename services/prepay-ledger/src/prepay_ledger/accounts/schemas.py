"""Accounts over HTTP, and the ledger as a whole. Money: integer micro-units."""

from datetime import date, datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, model_validator

from prepay_ledger.agreements.schemas import AgreementOut
from prepay_ledger.fields import AccountNumberField, CurrencyField, MicroUnits
from prepay_ledger.installations.schemas import InstallationOut
from prepay_ledger.journal.values import SubAccount
from prepay_ledger.prepay_agreements.schemas import PrepayTermsIn
from prepay_ledger.prepay_agreements.values import PrepayTerms, direct_terms
from prewatt_common.contracts.procedure_v1 import Mode
from prewatt_common.http.fields import Body


class AccountIn(Body):
    """A new account. ``protected``: may not be cut (hospital, school, municipal, medical)."""

    number: AccountNumberField
    currency: CurrencyField
    low_balance_micro: MicroUnits = 0
    overdraft_micro: MicroUnits = 0
    protected: bool = False
    prepay_agreement: Literal["direct"] | PrepayTermsIn | None = None
    """What the customer has signed; ``direct``: a complete one by these limits and without steps,
    for demonstrations and tests; left out: none yet, and the account is not cut by itself."""

    def signed(self, *, at: datetime) -> PrepayTerms | None:
        """What was signed about prepayment."""
        match self.prepay_agreement:
            case "direct":
                return direct_terms(
                    number=self.number,
                    low_balance_micro=self.low_balance_micro,
                    overdraft_micro=self.overdraft_micro,
                    at=at,
                )
            case None:
                return None
            case given:
                return given.terms


class TermsIn(Body):
    """What to change of an account's terms; what is left out stays."""

    low_balance_micro: MicroUnits | None = None
    overdraft_micro: MicroUnits | None = None
    protected: bool | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if all(value is None for _, value in self):
            message = "name at least one of low_balance_micro, overdraft_micro, protected"
            raise ValueError(message)
        return self


class AccountOut(BaseModel):
    """An account as it stands. Positive balance: money left. ``open_micro``: what was charged since
    entries were last written of it; the balance is without it already. ``sub_balances_micro``: what
    stands apart from the balance, where there was any. ``overdraft_micro``: what may be used below
    zero at any time; ``emergency_credit_micro``: what besides, until the next top-up repays it.
    ``mode``: ``arrears`` where it is post-paid, and is never cut for its balance.
    ``payment_reference``: what the customer pays by, whose check digits notice a slip (ISO 11649);
    none for a number that it cannot hold."""

    id: UUID
    number: str
    payment_reference: str | None
    currency: str
    balance_micro: int
    open_micro: int = 0
    sub_balances_micro: dict[SubAccount, int] = {}
    low_balance_micro: int
    overdraft_micro: int
    emergency_credit_micro: int
    protected: bool
    mode: Mode
    supply_state: str
    opened_at: datetime
    agreements: list[AgreementOut] = []
    installations: list[InstallationOut] = []


class EntryOut(BaseModel, from_attributes=True):
    """What moved a balance: a charge is negative, a top-up positive. ``number``: which of its
    journal's entries it is. Charges of a posting day are one entry a period, written when the day
    is over; a decision's difference is one of its own, at once. ``energy_wh``: of a charge."""

    journal_id: int
    number: int
    kind: str
    source: str
    posted_at: datetime
    agreement_id: UUID | None
    period_first: date | None
    amount_micro: int
    energy_wh: int | None
    sub_account: SubAccount


class CurrencyTotalsOut(BaseModel, from_attributes=True):
    """The ledger in one currency. ``imbalance_micro`` and ``entries_differ_micro`` must be zero.
    ``open_micro``: what was charged and is in no entry yet."""

    currency: str
    balances_micro: int
    sub_balances_micro: int
    entries_micro: int
    open_micro: int
    postings_micro: dict[str, int]
    imbalance_micro: int
    entries_differ_micro: int


class TotalsOut(BaseModel, from_attributes=True):
    """The ledger as a whole. ``imbalance_micro`` and ``entries_differ_micro`` must be zero: they
    add up what all currencies are off by, each without its sign."""

    accounts_by_state: dict[str, int]
    accounts_below_zero: int
    imbalance_micro: int
    entries_differ_micro: int
    unbound_readings: int
    currencies: list[CurrencyTotalsOut]
