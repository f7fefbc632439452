"""Use case: a person says why no statement is missing before one that seems to lack it."""

from datetime import datetime
from uuid import UUID

from prepay_ledger.bank.ports import HasBank
from prepay_ledger.bank.refusals import NoGap
from prepay_ledger.payments.credit import Decided


async def accept_gap(*, unit: HasBank, statement_id: UUID, decided: Decided, now: datetime) -> None:
    """Raises `NoGap`."""
    if not await unit.bank.accept_gap(statement_id, decided, at=now):
        message = (
            f"there is no statement {statement_id}, or it was accepted before; nothing was changed"
        )
        raise NoGap(message)
