"""What was done with deposits and bank guarantees: on topic ``ledger.facts.v1``."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from prewatt_common.contracts.base import Currency, Event, Instant, Whole, Words


class DepositMoved(Event, frozen=True, kw_only=True):
    """A deposit or a guarantee was taken, drawn for what was owed, paid by its issuer, or given
    back. Key: the account."""

    ce_type: ClassVar[str] = "prewatt.ledger.deposit-moved.v1"

    deposit_id: UUID
    step_id: UUID
    account_id: UUID
    kind: Words
    """``cash`` or ``guarantee``."""
    action: Words
    """``hold``, ``draw``, ``receive`` or ``release``."""
    amount_micro: Whole
    """Of this step, above zero."""
    left_micro: Whole
    """What is still held after it."""
    currency: Currency
    issuer: Words
    """The bank of a guarantee; empty for cash."""
    reference: Words
    valid_from: date
    valid_until: date | None
    """The last day on which it holds; null: until it is given back."""
    debt_id: UUID | None
    """What a draw paid; null: what the balance owed, or it is no draw."""
    by: Words
    reason: Words
    at: Instant
