"""What post-paid households of the town of money owe by statements: these get late, charges accrue,
a person gives some up, and a bank collects, refuses or returns what a file asked it for."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from ledger_debits import PROFILE
from ledger_expected import document
from ledger_money import ACCOUNTS, How, Moves
from ledger_money_household import HOURS, Household
from ledger_money_people import TERMS
from ledger_town import REVIEW, Dying, Killed

from prepay_ledger.approvals.decide_proposal import ApproveProposal
from prepay_ledger.approvals.values import ActKind
from prepay_ledger.business_days import BusinessDays
from prepay_ledger.debit_files.take_answer import TakeAnswer, item_named
from prepay_ledger.debit_formats.configured import DebitProfile
from prepay_ledger.debit_formats.values import AnswerKind
from prepay_ledger.journal.values import UtilityAccount, clearing
from prepay_ledger.late_charges.charge_late import ChargeLate
from prepay_ledger.late_charges.values import WaiverOrder
from prepay_ledger.late_charges.waive_late import WaiveLate
from prepay_ledger.statements.issue_statements import IssueStatements
from prepay_ledger.tariffs.publish_tariff import publish_tariff
from prepay_ledger.unit import PostgresUnit
from prewatt_common.contracts.procedure_v1 import Mode
from prewatt_common.ids import new_id
from prewatt_metering.tariffs.document import tariff_of
from prewatt_metering.tariffs.holidays import HolidayCalendar

DEAR = [
    {
        "kind": "blocks",
        "name": "energy",
        "blocks": [{"upto_wh": None, "micro_per_kwh": 100_000}],
    }
]
"""Of post-paid accounts: what is less than a coin is never late."""
BANK = "late-bank"
_NEWEST = """
SELECT s.id, s.owed_micro, s.due_on FROM statement AS s WHERE s.account_id = $1
  AND s.owed_micro > 0 AND NOT EXISTS (
    SELECT FROM top_up_request AS r WHERE r.statement_id = s.id AND r.state = 'accepted')
ORDER BY s.number DESC LIMIT 1
"""
_ASK = """
WITH asked AS (
    INSERT INTO mandate (id, account_id, provider, reference, threshold_micro, amount_micro,
        month_micro_max, month_requests_max, valid_from, consent_by, consent_reference, consent_at,
        state, state_reason, failures)
    VALUES ($1, $2, $3, 'm', 1, 9, 9, 1, '2026-01-01', 'c', 'd', $4, 'ended', '', 0) RETURNING id
), request AS (
    INSERT INTO top_up_request (id, mandate_id, account_id, provider, reference, amount_micro,
        currency, statement_id, requested_on, requested_at, state, code, payment_id, sends,
        answer_by)
    SELECT $1, id, $2, $3, 'm', $5, $6, $7, $8, $4, 'accepted', '', '', 1, $4 FROM asked
), file AS (
    INSERT INTO debit_file (id, key, provider, currency, collect_on, cut_off, state, lines,
        sum_micro)
    VALUES ($1, $1::text, $3, $6, $8, $4, 'sent', 1, $5)
)
INSERT INTO debit_item (request_id, file_id, number, account_id, account_number, mandate_reference,
    signed_on, holder, bank_account, bank_code, amount_micro, currency)
VALUES ($1, $1, 1, $2, $9, 'm', '2026-01-01', 'h', '6222', '', $5, $6)
"""
_POSTED = """
SELECT account_id::text AS name, sum(amount_micro)::bigint AS micro FROM late_charge
WHERE journal_id > $1 GROUP BY 1
"""
# Of each statement: its rows are numbered without a gap, sum to what is charged by the newest, and
# what was given up is what its waivers say.
_ODD_CHARGES = """
SELECT statement_id FROM (
    SELECT statement_id, count(*) AS rows, max(number) AS last, sum(amount_micro) AS micro,
           (array_agg(accrued_micro ORDER BY number DESC))[1] AS accrued_micro,
           (array_agg(waived_micro ORDER BY number DESC))[1] AS waived_micro
    FROM late_charge GROUP BY 1) AS c
LEFT JOIN (SELECT statement_id, sum(amount_micro) AS given_up_micro FROM late_charge_waiver
           GROUP BY 1) AS w USING (statement_id)
WHERE rows <> last OR micro <> greatest(0, accrued_micro - waived_micro)
   OR waived_micro <> coalesce(given_up_micro, 0)
"""
# What post-paid accounts owe is what they came with, what their periods and late days were charged
# since, without what was paid and given.
_ODD_OWED = """
SELECT a.number, a.balance_micro FROM account AS a
CROSS JOIN LATERAL (
    SELECT first_day, closing_micro,
           (SELECT at FROM mode_change_step WHERE change_id = m.id AND action = 'close') AS at
    FROM mode_change AS m WHERE account_id = a.id AND state = 'done' AND to_mode = 'arrears'
    ORDER BY id DESC LIMIT 1) AS since
CROSS JOIN LATERAL (
    SELECT coalesce(sum(c.posted_micro), 0) AS micro FROM charge_state AS c
    JOIN agreement AS g ON g.id = c.agreement_id
    WHERE c.account_id = a.id AND g.first_day >= since.first_day) AS used
CROSS JOIN LATERAL (
    SELECT coalesce(sum(e.amount_micro) FILTER (WHERE j.kind = 'late-charge'), 0) AS late_micro,
           coalesce(sum(e.amount_micro) FILTER (WHERE j.kind <> 'late-charge'), 0) AS paid_micro
    FROM entry AS e JOIN journal AS j ON j.id = e.journal_id
    WHERE e.account_id = a.id AND e.sub_account = 'credit' AND j.kind <> 'charge'
      AND j.posted_at >= since.at) AS moved
WHERE a.mode = 'arrears' AND a.id = ANY($1::uuid[])
  AND a.balance_micro <> since.closing_micro - used.micro + moved.late_micro + moved.paid_micro
"""


class Asked(NamedTuple):
    """What a file has asked the bank for. ``paid``: it was credited; ``back``: and went back."""

    request_id: UUID
    number: int
    micro: int
    paid: bool = False
    back: bool = False


class Overdue(Household):
    """With statements, and a class whose late days cost 0.1 % each."""

    says_besides: ClassVar[Mapping[str, Any]] = {
        "late_payments": {"charge": {"rate_ppm": 1_000}, "reminder_days": [1, 15]}
    }

    async def begin_here(self) -> None:
        await super().begin_here()
        self.began = self.at
        for currency in ("CNY", "EUR"):
            tariff = document(
                f"dear-{currency.lower()}", timezone="UTC", currency=currency, components=DEAR
            )
            async with self.unit() as unit:
                await publish_tariff(
                    unit=unit, version=tariff_of(tariff), by="test", reason="test", now=self.now
                )

    async def move_in(self) -> None:
        self.at = self.began
        await super().move_in()
        self.asked: list[Asked] = []

    def make(self) -> None:
        super().make()
        self.waive_late = WaiveLate(review=REVIEW, terms=TERMS)
        self.carries_out[ActKind.LATE_CHARGE_WAIVER] = self.waive_late.carry_out
        self.take_answer = TakeAnswer(
            take_payment=self.take_payment, take_movement=self.take_movement,
            profiles={BANK: DebitProfile.model_validate(PROFILE)},
            days=BusinessDays(HolidayCalendar()), zone=REVIEW.zone,
        )  # fmt: skip
        self.approve_proposal = ApproveProposal[PostgresUnit](self.carries_out)

    def tariff_code(self, n: int, to: Mode) -> str:
        """Post-paid is dear."""
        code = super().tariff_code(n, to)
        return code.replace("in-", "dear-") if to is Mode.ARREARS else code

    async def bills(self, n: int) -> None:
        """A month and some days go by; its meter is read, and what is over has statements."""
        self.at += timedelta(days=36)
        self.hour[n] = HOURS + 24 * (self.at.date() - self.today).days + 2
        await self.read(self.hour[n], [self.opened - ACCOUNTS + n])
        before = await self._count("statement")
        await IssueStatements(
            open_unit=self.unit, zone=REVIEW.zone, after_days=3, clock=lambda: self.at
        )()
        await self.has_moved({}, "bills")
        if await self._count("statement") > before:
            self.done.add("bills")

    async def days_pass(self, days: int, how: How) -> None:
        """The job of late charges runs after so many days: whatever it posts is what its rows say,
        once."""
        self.at += timedelta(days=days)
        if how is How.DIES:
            with suppress(Killed):
                await self._charge_late(Dying(self, after=1, inside=True))
            await self.has_moved({}, "late")
        runs = 2 if how is How.TWICE else 1
        await asyncio.gather(*(self._charge_late() for _ in range(runs)))
        rows = await self.sql(_POSTED, self._seen)
        moves = {row["name"]: -row["micro"] for row in rows}
        moves[UtilityAccount.REVENUE_LATE] = -sum(moves.values())
        await self.has_moved(moves, "late")
        if rows:
            self.done.add("late")
        await self._charge_late()
        await self.has_moved({}, "late again")

    async def waive(self, n: int, micro: int, how: How) -> None:
        """A person gives up something of its newest late charge."""
        found = await self.sql(
            "SELECT statement_id FROM late_charge WHERE account_id = $1 ORDER BY id DESC LIMIT 1",
            self.accounts[n],
        )
        if not found:
            return
        asked = WaiverOrder(
            key=str(new_id()), statement_id=found[0]["statement_id"], amount_micro=micro, who="li",
            reason="r",
        )  # fmt: skip

        async def act(unit: PostgresUnit) -> Any:
            return await self.waive_late(unit, asked=asked, now=self.at)

        moves = {str(self.accounts[n]): micro, UtilityAccount.REVENUE_LATE: -micro}
        await self.asks(act, lambda: moves, how=how, what="waive")

    async def asks_the_bank(self, n: int) -> None:
        """A file asks for what is owed by its newest statement, in whole coins, from today on."""
        found = await self.sql(_NEWEST, self.accounts[n])
        if not found or len(self.asked) > ACCOUNTS * 2:
            return
        micro = found[0]["owed_micro"] // 10_000 * 10_000
        if not micro:
            return
        request_id = new_id()
        await self.sql(
            _ASK, request_id, self.accounts[n], BANK, self.at, micro,
            "CNY" if n % 2 == 0 else "EUR", found[0]["id"], self.at.date(), self.number(n),
        )  # fmt: skip
        self.asked.append(Asked(request_id, n, micro))

    async def bank_answers(self, k: int, kind: AnswerKind, how: How) -> None:
        """Paid, it is credited once; refused or returned after that, it is taken back once."""
        if not self.asked:
            return
        k %= len(self.asked)
        asked = self.asked[k]
        if kind is AnswerKind.RETURNED and not asked.paid:
            return
        pays = kind is AnswerKind.PAID and not asked.paid
        goes = kind is not AnswerKind.PAID and asked.paid and not asked.back

        async def act(unit: PostgresUnit) -> None:
            item = await item_named(unit, BANK, asked.request_id.hex)
            assert item is not None
            await self.take_answer.apply(unit, item, BANK, kind, "AM04", now=self.at)

        signed = asked.micro * (pays - goes)
        moves: Moves = {str(self.accounts[asked.number]): signed, clearing(BANK): -signed}
        await self.step(act, lambda _: moves, how=how, what=f"bank: {kind}")
        self.asked[k] = asked._replace(paid=asked.paid or pays, back=asked.back or goes)

    async def agrees(self) -> None:
        await super().agrees()
        assert await self.sql(_ODD_CHARGES) == []
        assert await self.sql(_ODD_OWED, self.accounts) == []

    async def _charge_late(self, open_unit: Any = None) -> None:
        job = ChargeLate(
            open_unit=open_unit or self.unit, zone=REVIEW.zone, clock=lambda: self.at,
            committed=lambda: None,
        )  # fmt: skip
        while await job() == 0.0:
            pass

    async def _count(self, table: str) -> int:
        (row,) = await self.sql(f"SELECT count(*) AS n FROM {table}")
        return row["n"]
