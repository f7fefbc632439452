"""Refunds in PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.balances.values import Account
from prepay_ledger.charging.meters import MeterHistory
from prepay_ledger.charging.postgres_histories import histories_of, whole_histories_of
from prepay_ledger.refunds.postgres_rows import REFUND, to_payee, to_refund, to_step
from prepay_ledger.refunds.values import Ground, Payee, Refund, Step
from prewatt_common.db.database import driver
from prewatt_common.ids import new_id
from prewatt_metering.calendar.instants import us_of
from prewatt_metering.vee.edit import edited

_GROUND = """
SELECT
  (SELECT coalesce(sum(left_micro), 0)::bigint FROM deposit
   WHERE account_id = $1 AND kind = 'cash') AS deposits_micro,
  (SELECT coalesce(sum(left_micro), 0)::bigint FROM debt WHERE account_id = $1) AS debts_micro,
  (SELECT coalesce(sum(amount_micro), 0)::bigint FROM sub_balance
   WHERE account_id = $1 AND sub_account = 'estimate') AS estimated_micro,
  (SELECT coalesce(bool_or(end_day IS NULL OR end_day > $2), false) FROM agreement
   WHERE account_id = $1) AS runs,
  (SELECT max(end_day) FROM agreement WHERE account_id = $1) AS ends_on,
  ARRAY(SELECT DISTINCT meter_id FROM installation
        WHERE account_id = $1 AND (ends_at IS NULL OR ends_at > $3) ORDER BY 1) AS serving,
  ARRAY(SELECT DISTINCT i.meter_id FROM installation AS i JOIN parked_meter USING (meter_id)
        WHERE i.account_id = $1 ORDER BY 1) AS parked,
  EXISTS (SELECT FROM charge_state WHERE account_id = $1 AND due_day <= $2) AS due,
  EXISTS (SELECT FROM mandate WHERE account_id = $1 AND state <> 'ended') AS has_mandate,
  (SELECT coalesce(sum(amount_micro - returned_micro), 0)::bigint FROM refund
   WHERE account_id = $1) AS refunded_micro
"""
_LEFT_UNREAD = """
SELECT meter_id, max(ends_at) AS ends_at FROM installation
WHERE account_id = $1 AND ends_at <= $2 AND closing_wh IS NULL GROUP BY 1 ORDER BY 1
"""
_PAYEE_ID = """
SELECT id FROM refund_payee
WHERE account_id = $1 AND holder = $2 AND bank_account = $3 AND bank_code = $4
"""
_ADD_PAYEE = """
INSERT INTO refund_payee (id, account_id, holder, bank_account, bank_code)
VALUES ($1, $2, $3, $4, $5)
"""
_ADD = """
INSERT INTO refund (id, account_id, amount_micro, currency, way, payee_id, state, ordered_at,
                    payment)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_PUT = """
UPDATE refund SET state = $2, paid_by = $3, paid_in_sum = $4, returned_by = $5,
    returned_in_sum = $6, returned_micro = $7
WHERE id = $1
"""
_ADD_STEP = """
INSERT INTO refund_step (id, refund_id, action, amount_micro, key, bank_line, slip, who, reason,
                         journal_id, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""


class PostgresRefunds:
    """A `RefundStore`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def ground(self, account: Account, *, today: date, now: datetime) -> Ground:
        """After the account's lock was waited for. Raises `ReadingsHaveLeft`."""
        connection = await driver(self._connection)
        row = await connection.fetchrow(_GROUND, account.id, today, now)
        assert row is not None, "sums have a row"
        ends_us = {
            each["meter_id"]: us_of(each["ends_at"])
            for each in await connection.fetch(_LEFT_UNREAD, account.id, now)
        }
        histories = await histories_of(connection, list(ends_us))
        unread = _unread(histories, ends_us)
        if lacking := [each for each in unread if histories[each].left_since is not None]:
            whole = await whole_histories_of(connection, [histories[each] for each in lacking])
            unread = _unread({**histories, **whole}, ends_us)
        return Ground(balance_micro=account.balance_micro, unread=unread, **dict(row))

    async def payee_id(self, account_id: UUID, payee: Payee) -> UUID:
        """The caller has the account locked: nobody else adds the same one."""
        connection = await driver(self._connection)
        values = account_id, payee.holder, payee.bank_account, payee.bank_code
        known: UUID | None = await connection.fetchval(_PAYEE_ID, *values)
        if known is None:
            known = new_id()
            await connection.execute(_ADD_PAYEE, known, *values)
        return known

    async def payee(self, payee_id: UUID) -> Payee | None:
        """None where there is none."""
        row = await (await driver(self._connection)).fetchrow(
            "SELECT * FROM refund_payee WHERE id = $1", payee_id
        )
        return None if row is None else to_payee(row)

    async def add(self, refund: Refund) -> None:
        """The caller has its account locked."""
        await (await driver(self._connection)).execute(
            _ADD,
            refund.id,
            refund.account_id,
            refund.amount_micro,
            refund.currency,
            refund.way,
            refund.payee_id,
            refund.state,
            refund.ordered_at,
            refund.payment,
        )

    async def refund(self, refund_id: UUID) -> Refund | None:
        """None where there is none."""
        row = await (await driver(self._connection)).fetchrow(
            f"{REFUND} WHERE r.id = $1", refund_id
        )
        return None if row is None else to_refund(row)

    async def put(self, refund: Refund) -> None:
        """The caller has its account locked."""
        await (await driver(self._connection)).execute(
            _PUT,
            refund.id,
            refund.state,
            refund.paid_by,
            refund.paid_in_sum,
            refund.returned_by,
            refund.returned_in_sum,
            refund.returned_micro,
        )

    async def in_file(self, refund_id: UUID) -> UUID | None:
        """By the unique index."""
        return await (await driver(self._connection)).fetchval(
            "SELECT file_id FROM transfer_item WHERE refund_id = $1 AND live", refund_id
        )

    async def asked_as(self, key: str, *, who: str) -> Step | None:
        """By the names that are unique."""
        row = await (await driver(self._connection)).fetchrow(
            "SELECT * FROM refund_step WHERE who = $1 AND key = $2 AND key <> ''", who, key
        )
        return None if row is None else to_step(row)

    async def add_step(self, step: Step) -> None:
        """The caller has the account locked."""
        await (await driver(self._connection)).execute(
            _ADD_STEP,
            step.id,
            step.refund_id,
            step.action,
            step.amount_micro,
            step.key,
            step.bank_line,
            step.slip,
            step.decided.by,
            step.decided.reason,
            step.journal_id,
            step.decided.at,
        )


def _unread(histories: Mapping[str, MeterHistory], ends_us: Mapping[str, int]) -> Sequence[str]:
    return [each for each, end_us in ends_us.items() if not _is_read(histories[each], end_us)]


def _is_read(history: MeterHistory, until_us: int) -> bool:
    """Whether a reading that counts tells what was used until then."""
    counts = edited(readings=history.readings, edits=history.edits)
    return any(each.at_us >= until_us for each in counts)
