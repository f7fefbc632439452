"""What either side has of payments, from the tables of both rooms."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.payments.tables import payment, payment_movement
from prepay_ledger.providers.values import Kind
from prepay_ledger.settlement_files.values import LineKind, SettledDays
from prepay_ledger.settlements.tables import settlement_difference, settlement_line
from prepay_ledger.settlements.values import (
    OurMovement,
    OurPayment,
    Outcome,
    Sides,
    TheirLine,
)

_KINDS = {
    Kind.REFUNDED: LineKind.REFUND,
    Kind.REFUND_FAILED: LineKind.REFUND_FAILED,
    Kind.REVERSED: LineKind.REVERSAL,
    Kind.DISPUTED: LineKind.CHARGEBACK,
    Kind.DISPUTE_LOST: LineKind.CHARGEBACK,
    Kind.DISPUTE_WON: LineKind.CHARGEBACK_WON,
}
_BY_HAND = "settlement/%"
"""By what differences were corrected: `Sides.corrections` has it."""


async def sides_of(
    connection: AsyncConnection, provider: str, payment_ids: Sequence[str], days: SettledDays
) -> Sequence[Sides]:
    """Of each of ``payment_ids``, in that order."""
    ours = {
        row["payment_id"]: OurPayment(
            id=row["id"],
            amount_micro=row["amount_micro"],
            currency=row["currency"],
            received_on=days.day_of(row["received_at"]),
        )
        for row in (
            await connection.execute(
                select(payment).where(
                    payment.c.provider == provider, payment.c.payment_id.in_(payment_ids)
                )
            )
        ).mappings()
    }
    movements = await _movements(connection, provider, payment_ids, days)
    theirs = await _theirs(connection, provider, payment_ids)
    corrections = await _corrections(connection, provider, payment_ids)
    return [
        Sides(
            payment_id=each,
            ours=ours.get(each),
            movements=tuple(movements[each]),
            theirs=tuple(theirs[each]),
            corrections=corrections[each],
        )
        for each in payment_ids
    ]


async def ids_that_came(
    connection: AsyncConnection, provider: str, *, begins_at: datetime, ends_at: datetime
) -> Collection[str]:
    """Payment ids of what came to us within that time, but for what corrected a difference."""
    found: set[str] = set()
    for table, at in ((payment, payment.c.received_at), (payment_movement, payment_movement.c.at)):
        query = select(table.c.payment_id).where(
            table.c.provider == provider, at >= begins_at, at < ends_at,
            table.c.payment_id.not_like(_BY_HAND),
        )  # fmt: skip
        found.update((await connection.execute(query)).scalars().all())
    return found


async def _movements(
    connection: AsyncConnection, provider: str, payment_ids: Sequence[str], days: SettledDays
) -> dict[str, list[OurMovement]]:
    found: dict[str, list[OurMovement]] = defaultdict(list)
    query = select(payment_movement).where(
        payment_movement.c.provider == provider,
        payment_movement.c.payment_id.in_(payment_ids),
        payment_movement.c.movement_id.not_like(_BY_HAND),
    )
    for row in (await connection.execute(query.order_by(payment_movement.c.id))).mappings():
        found[row["payment_id"]].append(
            OurMovement(
                kind=_KINDS[Kind(row["kind"])],
                movement_id=row["movement_id"],
                amount_micro=row["amount_micro"],
                currency=row["currency"],
                is_total=row["is_total"],
                told_on=days.day_of(row["at"]),
            )
        )
    return found


async def _theirs(
    connection: AsyncConnection, provider: str, payment_ids: Sequence[str]
) -> dict[str, list[TheirLine]]:
    found: dict[str, list[TheirLine]] = defaultdict(list)
    query = select(settlement_line).where(
        settlement_line.c.provider == provider,
        settlement_line.c.payment_id.in_(payment_ids),
        settlement_line.c.stands,
    )
    for row in (await connection.execute(query)).mappings():
        if row["kind"] not in {LineKind.FEE, LineKind.PAYOUT}:
            found[row["payment_id"]].append(
                TheirLine(
                    id=row["id"],
                    kind=LineKind(row["kind"]),
                    movement_id=row["movement_id"],
                    amount_micro=row["amount_micro"],
                    currency=row["currency"],
                    business_day=row["business_day"],
                )
            )
    return found


async def _corrections(
    connection: AsyncConnection, provider: str, payment_ids: Sequence[str]
) -> dict[str, dict[tuple[LineKind, str], int]]:
    found: dict[str, dict[tuple[LineKind, str], int]] = defaultdict(dict)
    query = select(settlement_difference).where(
        settlement_difference.c.provider == provider,
        settlement_difference.c.payment_id.in_(payment_ids),
        settlement_difference.c.outcome == Outcome.CORRECTED.value,
    )
    for row in (await connection.execute(query)).mappings():
        of_payment = found[row["payment_id"]]
        key = LineKind(row["kind"]), row["movement_id"]
        of_payment[key] = of_payment.get(key, 0) + row["correction_micro"]
    return found
