"""Pay links over HTTP. Money: integer micro-units of the account's currency."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from prepay_ledger.fields import InstantField
from prepay_ledger.pay_links.values import Attempt, AttemptState, LinkState, PayLink
from prewatt_common.http.fields import Body

_AmountMicro = Annotated[int, Field(gt=0, le=10**15)]
_Note = Annotated[str, Field(max_length=200, pattern=r"^[^\p{C}]*$")]


class PayLinkIn(Body):
    """``valid_until``: in a week unless said, in a year at most. ``most_micro``: of one payment.
    ``for_whom``: a note of who it is for, that no payer sees. ``shows_needed``: the payer sees how
    much is needed, which tells something of the balance."""

    valid_until: InstantField | None = None
    most_micro: _AmountMicro | None = None
    for_whom: _Note = ""
    shows_needed: bool = False


class PayLinkOut(BaseModel):
    """A link, without what is secret of it."""

    id: UUID
    account_id: UUID
    state: LinkState
    valid_until: datetime
    most_micro: int | None
    for_whom: str
    shows_needed: bool
    made_by: str
    made_at: datetime
    revoked_at: datetime | None
    revoked_by: str
    revoked_reason: str

    @classmethod
    def of(cls, link: PayLink, state: LinkState) -> "PayLinkOut":
        """As it stands."""
        names = [name for name in cls.model_fields if name != "state"]
        return cls(state=state, **{name: getattr(link, name) for name in names})


class NewPayLinkOut(PayLinkOut):
    """A link as it is made. ``url``: what the payer opens; it is told here alone."""

    url: str


class LinkPaymentOut(BaseModel):
    """A payment begun by a link. Its id is what the provider's events name as the request;
    ``payment_id`` is the provider's, once its money has come."""

    id: UUID
    link_id: UUID
    provider: str
    amount_micro: int
    currency: str
    state: AttemptState
    code: str
    payment_id: str
    paid_micro: int | None
    begun_at: datetime
    closed_at: datetime | None

    @classmethod
    def of(cls, attempt: Attempt) -> "LinkPaymentOut":
        """As it stands."""
        return cls(**{name: getattr(attempt, name) for name in cls.model_fields})
