"""What a receipt says."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import msgspec

TABLE = "payment"
"""The sealed table whose row a receipt tells."""
TOPUP = "topup"
"""The sealed table that says where a payment went."""
TYPE = "prewatt-receipt+jws"
"""In the header, so that no other thing that we sign is taken for a receipt (RFC 8725, 3.11)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """A payment as it stands: ``account_number``: whose balance has it; none while it is in
    suspense, and where it was sent back."""

    id: UUID
    day: date
    account_number: str | None
    taken_back_micro: int
    topup_day: date | None = None
    """The posting day of its row of `TOPUP`; none where no account has it."""


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a table in canonical text, which is a leaf of the seal of ``day``."""

    table: str
    day: date
    row: str


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What is signed. ``row``: the canonical text of the row of ``table``, which is a leaf of the
    seal of ``day`` (it has the amount, in micro-units and as text, and what the payer gave); the
    others say how the payment stands as the receipt is made."""

    table: str
    day: date
    row: str
    account_number: str | None
    taken_back_micro: str
    topup: Leaf | None = None
    """What of it went where as it reached the account: to emergency credit, to each debt, to the
    rest of the balance, and what could be used then. None where it has not."""
