"""Prepay agreements, by COPY: an import makes many."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.prepay_agreements.values import (
    ContactChannel,
    PrepayAgreement,
    PrepayTerms,
    Reconnection,
    Signed,
)
from prewatt_common.contracts.procedure_v1 import Mode
from prewatt_common.db.database import driver, insert_rows

_LAST = "SELECT * FROM prepay_agreement WHERE account_id = $1 ORDER BY version DESC LIMIT 1"
_IN_FORCE = """
SELECT DISTINCT ON (account_id) * FROM prepay_agreement
WHERE account_id = ANY($1::uuid[]) AND valid_from <= $2
ORDER BY account_id, version DESC
"""
_SIGNED = """
SELECT account_id, valid_from, customer_class FROM prepay_agreement
WHERE account_id = ANY($1::uuid[]) ORDER BY account_id, version
"""
_TERMS = tuple(each.name for each in fields(PrepayTerms))
_COLUMNS = ("account_id", "version", *_TERMS, "by", "reason", "at", "day")


class PostgresPrepayAgreements:
    """A `PrepayAgreementStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def last(self, account_id: UUID) -> PrepayAgreement | None:
        """By the primary key."""
        row = await (await driver(self._connection)).fetchrow(_LAST, account_id)
        return None if row is None else to_agreement(row)

    async def in_force(
        self, account_ids: Collection[UUID], *, at: datetime
    ) -> Mapping[UUID, PrepayAgreement]:
        """One statement for all."""
        rows = await (await driver(self._connection)).fetch(_IN_FORCE, list(account_ids), at)
        return {row["account_id"]: to_agreement(row) for row in rows}

    async def signed(self, account_ids: Collection[UUID]) -> Mapping[UUID, Sequence[Signed]]:
        """One statement for all."""
        rows = await (await driver(self._connection)).fetch(_SIGNED, list(account_ids))
        return {
            account_id: [Signed(row["valid_from"], row["customer_class"]) for row in its]
            for account_id, its in groupby(rows, key=lambda row: row["account_id"])
        }

    async def add(self, agreements: Sequence[PrepayAgreement]) -> None:
        """In the order given."""
        # Asked for once: a column's default is worked out for each row, one row at a time.
        day = await (await driver(self._connection)).fetchval("SELECT open_day()")
        await insert_rows(
            self._connection,
            "prepay_agreement",
            columns=_COLUMNS,
            rows=[(*_row(each), day) for each in agreements],
        )


def to_agreement(row: asyncpg.Record) -> PrepayAgreement:
    """An agreement from its row."""
    terms: dict[str, Any] = {name: row[name] for name in _TERMS}
    terms["mode"] = Mode(row["mode"])
    terms["contacts"] = tuple(map(ContactChannel, row["contacts"]))
    terms["reconnection"] = Reconnection(row["reconnection"])
    return PrepayAgreement(
        account_id=row["account_id"],
        version=row["version"],
        terms=PrepayTerms(**terms),
        by=row["by"],
        reason=row["reason"],
        at=row["at"],
    )


def _row(agreement: PrepayAgreement) -> tuple[Any, ...]:
    terms = (getattr(agreement.terms, name) for name in _TERMS)
    return (
        agreement.account_id,
        agreement.version,
        *terms,
        agreement.by,
        agreement.reason,
        agreement.at,
    )
