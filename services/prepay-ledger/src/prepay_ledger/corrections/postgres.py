"""Correction runs in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.charging.meters import Agreement
from prepay_ledger.charging.postgres_histories import to_agreement
from prepay_ledger.corrections.tables import correction_run
from prepay_ledger.corrections.values import CorrectionRun, Figures, RunState
from prepay_ledger.facts.values import Decided
from prewatt_common.db.database import driver
from prewatt_metering.tariffs.document import canonical, parse_tariff
from prewatt_metering.tariffs.publishing import Touched

_TARIFF_ROWS = "SELECT count(*) FROM tariff_version WHERE code = $1"
_AGREEMENTS = """
SELECT * FROM agreement
WHERE tariff_code = $1 AND account_id = ANY(ARRAY(
    SELECT DISTINCT account_id FROM agreement
    WHERE tariff_code = $1 AND ($2::uuid IS NULL OR account_id > $2)
    ORDER BY account_id LIMIT $3))
ORDER BY account_id, id
"""
_UNREACHED = """
SELECT * FROM agreement
WHERE tariff_code = $1 AND corrections < $2 AND ($3::uuid IS NULL OR id > $3)
ORDER BY id LIMIT $4
"""
_HOLD_UNREACHED = """
SELECT * FROM agreement WHERE id = ANY($1::uuid[]) AND corrections < $2
ORDER BY id FOR NO KEY UPDATE
"""
_ADD_TOUCHED = """
INSERT INTO correction_account AS c
  (run_id, account_id, balance_micro, charge_micro, new_charge_micro, apart_micro)
SELECT $1, * FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
ON CONFLICT (run_id, account_id) DO UPDATE
SET charge_micro = c.charge_micro + excluded.charge_micro,
    new_charge_micro = c.new_charge_micro + excluded.new_charge_micro,
    apart_micro = c.apart_micro + excluded.apart_micro
"""
_TOUCHED = """
SELECT c.account_id, CASE WHEN $2 THEN a.balance_micro ELSE c.balance_micro END AS balance_micro,
       c.charge_micro, c.new_charge_micro, c.apart_micro
FROM correction_account AS c JOIN account AS a ON a.id = c.account_id
WHERE c.run_id = $1 AND ($3::uuid IS NULL OR c.account_id > $3)
ORDER BY c.account_id LIMIT $4
"""


class PostgresCorrections:
    """A `CorrectionStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, run: CorrectionRun) -> None:
        """A new one."""
        await self._connection.execute(insert(correction_run).values(**_values(run)))

    async def change(self, run: CorrectionRun) -> None:
        """The caller has it locked."""
        await self._connection.execute(
            update(correction_run).where(correction_run.c.id == run.id).values(**_values(run))
        )

    async def lock(self, run_id: UUID) -> CorrectionRun | None:
        """Waits for whoever has it."""
        query = select(correction_run).where(correction_run.c.id == run_id)
        row = (await self._connection.execute(query.with_for_update())).mappings().first()
        return None if row is None else to_run(row)

    async def take(self, state: RunState) -> CorrectionRun | None:
        """One that could be charged before those that could not: they are tried again last."""
        query = (
            select(correction_run)
            .where(correction_run.c.state == state)
            .order_by(correction_run.c.trouble.is_not(None), correction_run.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        row = (await self._connection.execute(query)).mappings().first()
        return None if row is None else to_run(row)

    async def released(self, code: str) -> UUID | None:
        """By a unique index one at most."""
        query = select(correction_run.c.id).where(
            correction_run.c.code == code, correction_run.c.state == RunState.RELEASED
        )
        return await self._connection.scalar(query)

    async def tariff_rows(self, code: str) -> int:
        """Rows are never changed and never go."""
        return await (await driver(self._connection)).fetchval(_TARIFF_ROWS, code)

    async def agreements(
        self, code: str, *, after_account: UUID | None, accounts: int
    ) -> Sequence[Agreement]:
        """Also those that have ended: what they were charged is corrected too."""
        rows = await (await driver(self._connection)).fetch(
            _AGREEMENTS, code, after_account, accounts
        )
        return [to_agreement(row) for row in rows]

    async def balances(self, account_ids: Collection[UUID]) -> Mapping[UUID, int]:
        """By account."""
        rows = await (await driver(self._connection)).fetch(
            "SELECT id, balance_micro FROM account WHERE id = ANY($1::uuid[])", list(account_ids)
        )
        return {row["id"]: row["balance_micro"] for row in rows}

    async def forget_touched(self, run_id: UUID) -> None:
        """Before a preview is made again."""
        await (await driver(self._connection)).execute(
            "DELETE FROM correction_account WHERE run_id = $1", run_id
        )

    async def add_touched(self, run_id: UUID, touched: Sequence[Touched]) -> None:
        """One statement."""
        await (await driver(self._connection)).execute(
            _ADD_TOUCHED,
            run_id,
            [UUID(each.account_id) for each in touched],
            [each.balance_micro for each in touched],
            [each.charge_micro for each in touched],
            [each.new_charge_micro for each in touched],
            [each.apart_micro for each in touched],
        )

    async def touched(
        self, run_id: UUID, *, balances_now: bool, after: UUID | None, limit: int
    ) -> Sequence[Touched]:
        """By the primary key."""
        rows = await (await driver(self._connection)).fetch(
            _TOUCHED, run_id, balances_now, after, limit
        )
        return [
            Touched(
                account_id=str(account_id),
                balance_micro=balance_micro,
                charge_micro=charge_micro,
                new_charge_micro=new_charge_micro,
                apart_micro=apart_micro,
            )
            for account_id, balance_micro, charge_micro, new_charge_micro, apart_micro in rows
        ]

    async def unreached(
        self, code: str, *, correction: int, after: UUID | None, limit: int
    ) -> Sequence[Agreement]:
        """By an index of its own."""
        rows = await (await driver(self._connection)).fetch(
            _UNREACHED, code, correction, after, limit
        )
        return [to_agreement(row) for row in rows]

    async def hold_unreached(
        self, agreement_ids: Collection[UUID], *, correction: int
    ) -> Sequence[Agreement]:
        """In the order of their ids, as the sweep locks them."""
        rows = await (await driver(self._connection)).fetch(
            _HOLD_UNREACHED, list(agreement_ids), correction
        )
        return [to_agreement(row) for row in rows]

    async def reach(self, agreement_ids: Collection[UUID], *, correction: int) -> None:
        """The caller holds them."""
        await (await driver(self._connection)).execute(
            "UPDATE agreement SET corrections = $2 WHERE id = ANY($1::uuid[])",
            list(agreement_ids),
            correction,
        )


def to_run(row: RowMapping) -> CorrectionRun:
    """A run from its row."""
    return CorrectionRun(
        id=row["id"],
        state=RunState(row["state"]),
        version=parse_tariff(row["document"]),
        drafted=Decided(by=row["drafted_by"], reason=row["reason"], at=row["drafted_at"]),
        tariff_rows=row["tariff_rows"],
        previewed_upto=row["previewed_upto"],
        figures=_figures(row),
        correction=row["correction"],
        released=_decided(row["released_by"], row["release_reason"], row["released_at"]),
        withdrawn=_decided(row["withdrawn_by"], row["withdrawal_reason"], row["withdrawn_at"]),
        done_at=row["done_at"],
        trouble=row["trouble"],
        our_fault=row["our_fault"],
    )


def _figures(row: RowMapping) -> Figures | None:
    if row["previewed_at"] is None:
        return None
    return Figures(
        made_at=row["previewed_at"],
        **{name: row[name] for name in _FIGURES},
    )


_FIGURES = (
    "accounts", "dearer", "cheaper", "difference_micro", "apart_micro", "newly_negative",
    "needs_second_person",
)  # fmt: skip


def _decided(by: str | None, reason: str | None, at: Any) -> Decided | None:
    return None if by is None or reason is None else Decided(by=by, reason=reason, at=at)


def _values(run: CorrectionRun) -> dict[str, Any]:
    figures, released, withdrawn = run.figures, run.released, run.withdrawn
    return {
        "id": run.id,
        "state": run.state.value,
        "code": run.code,
        "valid_from": run.valid_from,
        "document": canonical(run.version).decode(),
        "drafted_by": run.drafted.by,
        "reason": run.drafted.reason,
        "drafted_at": run.drafted.at,
        "tariff_rows": run.tariff_rows,
        "previewed_upto": run.previewed_upto,
        "previewed_at": None if figures is None else figures.made_at,
        **{name: None if figures is None else getattr(figures, name) for name in _FIGURES},
        "correction": run.correction,
        "released_by": None if released is None else released.by,
        "release_reason": None if released is None else released.reason,
        "released_at": None if released is None else released.at,
        "withdrawn_by": None if withdrawn is None else withdrawn.by,
        "withdrawal_reason": None if withdrawn is None else withdrawn.reason,
        "withdrawn_at": None if withdrawn is None else withdrawn.at,
        "done_at": run.done_at,
        "trouble": run.trouble,
        "our_fault": run.our_fault,
    }
