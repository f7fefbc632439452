"""What people and dashboards ask about payments and their events: read-only."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, RowMapping, Select, Text, any_, cast, func, select

from prepay_ledger.balances.tables import account, account_plain_number
from prepay_ledger.payments.candidates import Found
from prepay_ledger.payments.tables import (
    payment,
    payment_event,
    payment_event_step,
    payment_resolution,
    topup,
)
from prepay_ledger.payments.values import OPEN, EventOutcome
from prepay_ledger.tables import AnyRow
from prewatt_common.db.database import Database

_LISTED = ("id", "provider", "event_id", "type", "payment_id", "outcome", "reason", "open",
           "received_at")  # fmt: skip
_TOPUP = ("repaid_micro", "debts_micro", "added_micro", "paid_off", "balance_micro", "left_micro",
          "above_maximum_micro", "at")  # fmt: skip
_RESOLUTION = ("action", "who", "reason", "journal_id", "at")


@dataclass(frozen=True, slots=True)
class ResolutionRow:
    """What a person did with money in suspense."""

    action: str
    who: str
    reason: str
    journal_id: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TopupRow:
    """Where a payment went as it reached an account."""

    repaid_micro: int
    debts_micro: int
    added_micro: int
    paid_off: Mapping[str, int]
    balance_micro: int
    left_micro: int
    above_maximum_micro: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPayment:
    """A payment as it is kept, with its resolution if it has one."""

    id: UUID
    provider: str
    payment_id: str
    account_id: UUID | None
    account_number: str
    amount_micro: int
    taken_back_micro: int
    currency: str
    outcome: str
    reason: str
    by_settlement: bool
    journal_id: int
    received_at: datetime
    day: date
    resolution: ResolutionRow | None
    topup: TopupRow | None


@dataclass(frozen=True, slots=True)
class WholeEvent:
    """A row of ``payment_event``, and those of ``payment_event_step`` that belong to it."""

    event: AnyRow
    steps: Sequence[AnyRow]


class PaymentQueries:
    """Queries for the API and the metrics. Lists are by id, newest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def payments(
        self,
        *,
        account_id: UUID | None,
        outcome: str | None,
        provider: str | None,
        payment_id: str | None,
        above_maximum: bool | None,
        before: UUID | None,
        limit: int,
    ) -> Sequence[ListedPayment]:
        """Payments with their resolutions, older than ``before``."""
        query = _with_resolution().order_by(payment.c.id.desc()).limit(limit)
        for column, value in (
            (payment.c.account_id, account_id),
            (payment.c.outcome, outcome),
            (payment.c.provider, provider),
            (payment.c.payment_id, payment_id),
        ):
            if value is not None:
                query = query.where(column == value)
        if above_maximum is not None:
            is_above = func.coalesce(topup.c.above_maximum_micro, 0) > 0
            # By its index where it is asked for.
            query = query.where(topup.c.above_maximum_micro > 0 if above_maximum else ~is_above)
        if before is not None:
            query = query.where(payment.c.id < before)
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query)).mappings()
            return [_payment(row) for row in rows]

    async def payment(self, id_: UUID) -> ListedPayment | None:
        """A payment with its resolution."""
        async with self._database.transaction() as connection:
            rows = await connection.execute(_with_resolution().where(payment.c.id == id_))
            row = rows.mappings().first()
        return _payment(row) if row else None

    async def accounts_like(
        self, plain_numbers: Collection[str], *, currency: str, limit: int
    ) -> Sequence[Found]:
        """Accounts that have one of these plain numbers, by the index of those."""
        query = (
            select(account.c.id, account.c.number)
            .where(account_plain_number == any_(cast(list(plain_numbers), ARRAY(Text))))
            .where(account.c.currency == currency)
            .limit(limit)
        )
        async with self._database.transaction() as connection:
            return [Found(*row) for row in await connection.execute(query)]

    async def events(
        self,
        *,
        outcome: str | None,
        open_: bool | None,
        provider: str | None,
        before: UUID | None,
        limit: int,
    ) -> Sequence[AnyRow]:
        """Events without their bodies, older than ``before``."""
        columns = [payment_event.c[name] for name in _LISTED]
        query = select(*columns).order_by(payment_event.c.id.desc()).limit(limit)
        if outcome is not None:
            query = query.where(payment_event.c.outcome == outcome)
        if open_ is not None:
            query = query.where(payment_event.c.open if open_ else ~payment_event.c.open)
        if provider is not None:
            query = query.where(payment_event.c.provider == provider)
        if before is not None:
            query = query.where(payment_event.c.id < before)
        async with self._database.transaction() as connection:
            return (await connection.execute(query)).all()

    async def event(self, id_: UUID) -> WholeEvent | None:
        """An event with all that was kept, and what people did with it."""
        steps = (
            select(payment_event_step)
            .where(payment_event_step.c.payment_event_id == id_)
            .order_by(payment_event_step.c.id)
        )
        async with self._database.transaction() as connection:
            query = select(payment_event).where(payment_event.c.id == id_)
            row = (await connection.execute(query)).first()
            if row is None:
                return None
            return WholeEvent(row, (await connection.execute(steps)).all())

    async def open_events(self) -> Mapping[EventOutcome, int]:
        """How many events wait for a person, by outcome: each that there can be, zero too."""
        query = (
            select(payment_event.c.outcome, func.count())
            .where(payment_event.c.open)
            .group_by(payment_event.c.outcome)
        )
        async with self._database.transaction() as connection:
            counts = {row[0]: row[1] for row in await connection.execute(query)}
        return {outcome: counts.get(outcome, 0) for outcome in OPEN}


def _with_resolution() -> Select[Any]:
    columns = [payment_resolution.c[name].label(f"resolution_{name}") for name in _RESOLUTION]
    joined = payment.outerjoin(payment_resolution, payment_resolution.c.payment == payment.c.id)
    joined = joined.outerjoin(topup, topup.c.payment == payment.c.id)
    columns += [topup.c[name].label(f"topup_{name}") for name in _TOPUP]
    return select(payment, *columns).select_from(joined)


def _payment(row: RowMapping) -> ListedPayment:
    resolution = {name: row[f"resolution_{name}"] for name in _RESOLUTION}
    of_topup = {name: row[f"topup_{name}"] for name in _TOPUP}
    return ListedPayment(
        **{column.name: row[column.name] for column in payment.c},
        resolution=ResolutionRow(**resolution) if resolution["action"] else None,
        topup=TopupRow(**of_topup) if of_topup["at"] else None,
    )
