"""A ledger's database of a test's own, written past the service: its days, and rows of them."""

import json
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
from ledger_scratch_rows import rows_of_modes_and_deposits, rows_of_refunds

from prepay_ledger.charging.enter_charges import EnterCharges
from prepay_ledger.charging.turn_readings import TurnReadings
from prepay_ledger.journal.values import Entry, Journal, UtilityAccount
from prepay_ledger.seals.audit import audit
from prepay_ledger.seals.close_days import CloseDays
from prepay_ledger.seals.ports import Fold
from prepay_ledger.seals.postgres import PostgresSeals, open_seals
from prepay_ledger.seals.values import Finding
from prepay_ledger.unit import PostgresUnit, open_unit
from prewatt_common.clock import Clock, utc_now
from prewatt_common.db.database import Database

UTC_ZONE = ZoneInfo("UTC")
ACCOUNT, OTHER, AGREEMENT = UUID(int=1), UUID(int=2), UUID(int=3)
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Scratch:
    """A ledger's database of a test's own."""

    def __init__(self, url: str, *, clock: Clock = utc_now) -> None:
        self.url = url
        self.clock = clock
        self.database = Database(url=url)
        self.folds: Sequence[Fold] = (
            TurnReadings(open_unit=self.unit),
            EnterCharges(open_unit=self.unit, clock=clock),
        )
        self.close_days = self.closing(clock)

    def closing(self, clock: Clock) -> CloseDays:
        """The job that closes days, by that clock."""
        return CloseDays(
            open_unit=lambda: open_seals(self.database),
            folds=self.folds,
            timezone=UTC_ZONE,
            clock=clock,
            committed=lambda: None,
        )

    def unit(self) -> AbstractAsyncContextManager[PostgresUnit]:
        """A transaction."""
        return open_unit(self.database)

    async def connect(self) -> asyncpg.Connection:
        return await asyncpg.connect(self.url.replace("+asyncpg", ""))

    async def sql(self, query: str, *values: Any) -> list[asyncpg.Record]:
        connection = await self.connect()
        try:
            return await connection.fetch(query, *values)
        finally:
            await connection.close()

    async def open_account(self, account_id: UUID) -> None:
        """An account with nothing, that nothing is charged to."""
        await self.sql(
            "INSERT INTO account (id, number, currency, low_balance_micro, overdraft_micro, "
            "protected, supply_state, opened_at) "
            "VALUES ($1, $2, 'CNY', 0, 0, false, 'connected', $3)",
            account_id,
            str(account_id),
            AT,
        )

    async def open(self, day: date) -> None:
        """As if that day were today still: only the tests' clock can go back."""
        await self.sql("UPDATE posting_day SET day = $1", day)

    async def post(
        self, *amounts_micro: int, account_id: UUID = ACCOUNT, agreement_id: UUID | None = AGREEMENT
    ) -> int:
        async with open_unit(self.database) as unit:
            journal = Journal(
                kind="charge",
                source="test",
                currency="CNY",
                entries=tuple(
                    Entry(account_id, -micro, agreement_id, date(2026, 3, 1), 2 * micro)
                    for micro in amounts_micro
                ),
                postings={UtilityAccount.REVENUE_ENERGY: sum(amounts_micro)},
            )
            journal_id, _ = await unit.journals.post(journal, at=AT)
        return journal_id

    async def a_row_everywhere(self) -> None:
        """Two of each, so that rows can be swapped."""
        for number in range(2):
            first, second = uuid4(), uuid4()
            journal_id = await self.post(5 + number, 7)
            for query, values in (
                ("INSERT INTO payment (id, provider, payment_id, account_number, amount_micro, "
                 "currency, outcome, reason, journal_id, received_at) "
                 "VALUES ($1, 'p', $2, '1', 9, 'CNY', 'credited', 'none', $3, $4)",
                 (first, str(first), journal_id, AT)),
                ("INSERT INTO topup (payment, account_id, journal_id, amount_micro, repaid_micro, "
                 "debts_micro, added_micro, paid_off, balance_micro, left_micro, "
                 "above_maximum_micro, at) VALUES ($1, $2, $3, 9, 0, 0, 9, '{}', 9, 9, 0, $4)",
                 (first, ACCOUNT, journal_id, AT)),
                ("INSERT INTO payment_movement (provider, payment_id, kind, movement_id, "
                 "amount_micro, currency, is_total, happened_at, at) "
                 "VALUES ('p', $1, 'refunded', $2, $3, 'CNY', false, $4, $4)",
                 (str(first), f"m{number}", number, AT)),
                ("INSERT INTO payment_resolution (payment, action, who, reason, journal_id, at) "
                 "VALUES ($1, 'returned', 'w', 'r', $2, $3)", (first, journal_id, AT)),
                ("INSERT INTO payment_event (id, provider, event_id, event_id_sha256, body_sha256, "
                 "headers, body, outcome, reason, open, received_at) "
                 "VALUES ($1, 'p', $2, $3, $3, '{}', '', 'applied', '', false, $4)",
                 (first, str(number), first.bytes, AT)),
                ("INSERT INTO payment_event_step (payment_event_id, action, who, reason, "
                 "outcome_before, outcome, at) VALUES ($1, 'replayed', 'w', $2, 'a', 'b', $3)",
                 (first, str(number), AT)),
                ("INSERT INTO parked_meter_step (meter_id, since, error, record, who, reason, "
                 "outcome, detail, readings, at) "
                 "VALUES ('m', $2, 'e', 't/0/1', 'w', $1, 'released', '', 3, $2)",
                 (str(number), AT)),
                ("INSERT INTO decision (id, account_id, state, action, fired, held, inputs, at) "
                 "VALUES ($1, $2, 'warned', 'disconnect', ARRAY['a'], ARRAY['b'], $3, $4)",
                 (second, ACCOUNT, json.dumps({"n": number}), AT)),
                ("INSERT INTO command (id, decision_id, account_id, meter_id, action, limit_w, "
                 "sequence, status, status_rank, caused_at, issued_at, expires_at) "
                 "VALUES ($1, $2, $3, 'm', 'limit', 300, $4, 'issued', 0, $5, $5, "
                 "$5::timestamptz + interval '1 hour')",
                 (first, second, ACCOUNT, journal_id, AT)),
                ("INSERT INTO command_answer (command_id, status, relay, detail, at) "
                 "VALUES ($1, 'succeeded', 'open', $2, $3)", (first, str(number), AT)),
                ("INSERT INTO tariff_version (code, valid_from, currency, timezone, document, "
                 "published_by, reason, published_at) "
                 "VALUES ($1, '2026-01-01', 'CNY', 'UTC', $3, 'w', 'r', $2)",
                 (f"t{uuid4().hex[:6]}", AT, f"{number}")),
                ("INSERT INTO policy_draft (id, state, document, drafted_by, draft_reason, "
                 "drafted_at) VALUES ($1, 'drafted', $2, 'd', 'r', $3)", (first, str(number), AT)),
                ("INSERT INTO policy_version (id, number, document, sha256, effective_from, "
                 "drafted_by, draft_reason, drafted_at, published_by, reason, published_at) "
                 "VALUES ($1, $2, $3, $3, $4, 'd', 'r', $4, 'w', 'r', $4)",
                 (first, journal_id, str(number), AT)),
                ("INSERT INTO fact (id, kind, subject, body, decided_by, reason, at) "
                 "VALUES ($1, 'k', 's', $2, 'w', 'r', $3)", (second, str(number), AT)),
                ("INSERT INTO finding_seen (id, meter_id, check_id, begin_us, end_us, before, "
                 "after, seen_by, reason, at) "
                 "VALUES ($1, 'm', 'VEE-04', $2, 9, 1, 2, 'w', 'r', $3)", (second, number, AT)),
                ("INSERT INTO prepay_agreement (account_id, version, jurisdiction, customer_class, "
                 "mode, warning_micro, overdraft_micro, cut_micro, contacts, reconnection, "
                 "valid_from, signed_at, signed_by, paper_reference, paper_sha256, is_ended, by, "
                 "reason, at) SELECT $1, coalesce(max(version), 0) + 1, 'direct', 'any', 'prepay', "
                 "9, 0, 0, ARRAY['log'], 'direct', $2, $2, 's', 'p', $3, false, 'w', 'r', $2 "
                 "FROM prepay_agreement WHERE account_id = $1",
                 (ACCOUNT, AT, f"{number}" * 64)),
                ("INSERT INTO procedure_draft (id, state, document, drafted_by, reason, drafted_at)"
                 " VALUES ($1, 'drafted', '{}', 'v', 'r', $2)", (first, AT)),
                ("INSERT INTO procedure_version (jurisdiction, customer_class, mode, version, "
                 "valid_from, document, draft_id, drafted_by, published_by, reason, published_at) "
                 "VALUES ($1, 'any', 'prepay', 1, '2026-01-01', $2, $3, 'v', 'w', 'r', $4)",
                 (f"j{uuid4().hex[:6]}", f"{number}", first, AT)),
                ("INSERT INTO procedure_evidence (id, account_id, kind, name, at, said_at, by, "
                 "recorded_at) VALUES ($1, $2, 'step', $3, $4, $4, 'w', $4)",
                 (first, ACCOUNT, f"s{number}", AT)),
                ("INSERT INTO cut_hold (id, scope, name, held_until, tripped_scope, tripped_name, "
                 "wanted, trip_per_min, held_by, reason, at) "
                 "VALUES ($1, 'line', $2, '2100-01-01', 'tariff', 't', 9, 5, 'w', 'r', $3)",
                 (second, f"l{number}", AT)),
                ("INSERT INTO cut_hold_end (hold_id, ended_by, reason, at) "
                 "VALUES ($1, 'w', $2, $3)", (second, f"r{number}", AT)),
                ("INSERT INTO work_order (id, kind, meter_id, reason, evidence, opened_at) "
                 "VALUES ($1, 'paid_but_dark', $2, 'r', '{}', $3)", (first, f"m{first}", AT)),
                ("INSERT INTO site_code (id, order_id, meter_id, counter, epoch, issued_at) "
                 "VALUES ($1, $2, $3, $4, $4, $5)", (second, first, f"m{first}", number, AT)),
                ("INSERT INTO site_code_reading (id, site_code_id, read_by, at) "
                 "VALUES ($1, $2, 'w', $3)", (first, second, AT)),
                ("INSERT INTO condition (id, kind, account_id, reference, holds_until, begun_by, "
                 "reason, at) VALUES ($1, 'payment_in_flight', $2, $3, '2100-01-01', 'w', $4, $5)",
                 (second, ACCOUNT, f"p{second}", f"r{number}", AT)),
                ("INSERT INTO condition_end (condition_id, ended_by, reason, at) "
                 "VALUES ($1, 'w', $2, $3)", (second, f"r{number}", AT)),
                ("INSERT INTO bank_account (account, currency, name, opened_by, reason, at) "
                 "VALUES ($1, 'CNY', 'n', 'w', $2, $3)", (str(first), f"r{number}", AT)),
                ("INSERT INTO bank_file (id, key, sha256, name, format, body, statements, "
                 "uploaded_by, at) VALUES ($1, $2, $3, $2, 'camt', '', '[]', 'w', $4)",
                 (first, str(first), first.bytes * 2, AT)),
                ("INSERT INTO bank_line (id, file_id, format, number, account, currency, "
                 "statement, identity, kind, amount_micro, booked_on, booking, transaction, "
                 "end_to_end_id, structured, text, other_party, state, reason, open, known) "
                 "VALUES ($1, $2, 'camt', $4, $3, 'CNY', 's', 'i', 'debit', -9, '2026-03-01', "
                 "'', '', '', '', '', '', 'debit', '', false, false)",
                 (second, first, str(first), number)),
                ("INSERT INTO bank_line_step (id, line_id, action, who, reason, state_before, at) "
                 "VALUES ($1, $2, 'close', 'w', $3, 'doubtful', $4)",
                 (first, second, f"r{number}", AT)),
                ("INSERT INTO payout (id, provider, business_day, reference, amount_micro, "
                 "currency, nth, stands, state, found_at, found_by, difference_micro, reason) "
                 "VALUES ($1, 'p', '2026-03-01', $2, 9, 'CNY', 1, true, 'expected', $3, '', 0, '')",
                 (first, str(first), AT)),
                ("INSERT INTO payout_step (id, payout_id, key, action, bank_line, who, reason, "
                 "state_before, at) VALUES ($1, $1, $2, 'undo', $3, 'w', $4, 'arrived', $5)",
                 (first, str(first), second, f"r{number}", AT)),
                ("INSERT INTO mandate (id, account_id, provider, reference, threshold_micro, "
                 "amount_micro, month_micro_max, month_requests_max, valid_from, consent_by, "
                 "consent_reference, consent_at, state, state_reason, failures) VALUES "
                 "($1, $2, 'p', $3, 1, 9, 9, 1, '2026-03-01', 'c', 'd', $4, 'ended', '', 0)",
                 (first, ACCOUNT, str(first), AT)),
                ("INSERT INTO mandate_step (id, mandate_id, action, provider, reference, "
                 "threshold_micro, amount_micro, month_micro_max, month_requests_max, valid_from, "
                 "valid_until, instalment_micro_max, statement_micro_max, consent_by, "
                 "consent_reference, consent_at, "
                 "who, reason, key, at) VALUES ($1, $2, 'open', 'p', 'm', 1, 9, 9, 1, "
                 "'2026-03-01', '2027-03-01', 9, 9, 'c', 'd', $4, 'w', $3, $5, $4)",
                 (second, first, f"r{number}", AT, str(first))),
                ("WITH agreed AS (INSERT INTO agreement (id, account_id, tariff_code, first_day, "
                 "end_day, revision) SELECT $1, $2, 't', day, day + 1, 1 FROM (SELECT "
                 "'2020-01-01'::date + count(*)::int AS day FROM agreement) AS days "
                 "RETURNING id, first_day) "
                 "INSERT INTO debt (id, account_id, source, agreement_id, period_first, cause, "
                 "our_fault, used_until, currency, amount_micro, paid_micro, created_at) SELECT "
                 "id, $2, id::text, id, first_day, 'edit', false, first_day, 'CNY', 9, 9, $3 "
                 "FROM agreed", (first, ACCOUNT, AT)),
                ("INSERT INTO top_up_request (id, mandate_id, account_id, provider, reference, "
                 "amount_micro, currency, debt_id, requested_on, requested_at, state, code, "
                 "payment_id, sends, closed_at) VALUES ($1, $2, $3, 'p', $4, 9, 'CNY', $2, "
                 "'2026-03-01', $5, 'failed', '', '', 1, $5)",
                 (second, first, ACCOUNT, f"m{number}", AT)),
                ("INSERT INTO top_up_request_close (request_id, who, reason, at) "
                 "VALUES ($1, 'w', $2, $3)", (second, f"r{number}", AT)),
                ("INSERT INTO debit_file (id, key, provider, currency, collect_on, cut_off, state, "
                 "lines, sum_micro) VALUES ($1, $2, 'p', 'CNY', '2026-03-05', $3, 'sent', 1, 9)",
                 (first, str(first), AT)),
                ("INSERT INTO debit_body (file_id, body, sha256, lines, sum_micro, at) "
                 "VALUES ($1, '', $2, $3, 9, $4)", (first, first.bytes * 2, number + 1, AT)),
                ("INSERT INTO debit_step (id, file_id, action, who, reason, at) "
                 "VALUES ($1, $2, 'send', 'w', $3, $4)", (second, first, f"r{number}", AT)),
                ("INSERT INTO debit_result (id, key, sha256, provider, name, body, answers, "
                 "uploaded_by, at) VALUES ($1, $2, $3, 'p', $4, '', 1, 'w', $5)",
                 (first, str(first), first.bytes * 2, f"n{number}", AT)),
                ("INSERT INTO settlement_file (id, provider, business_day, revision, key, sha256, "
                 "name, format, body, lines, uploaded_by, reason, at) VALUES ($1, $2, "
                 "'2026-03-01', 1, $2, $3, 'n', 'csv', '', 1, 'w', $4, $5)",
                 (first, str(first), first.bytes * 2, f"r{number}", AT)),
                ("INSERT INTO settlement_difference (id, provider, business_day, difference, kind, "
                 "payment_id, movement_id, nth, state, outcome, correction_micro, reason, "
                 "found_at) VALUES ($1, 'p', '2026-03-01', 'missing-here', 'payment', $2, $2, 1, "
                 "'open', '', 0, '', $3)", (second, str(first), AT)),
                ("INSERT INTO settlement_step (id, difference_id, key, action, who, "
                 "reason, state_before, at) VALUES ($1, $2, $3, 'ask', 'w', $4, 'open', $5)",
                 (first, second, str(first), f"r{number}", AT)),
                ("INSERT INTO vendor (id, code, name, kind, currency, day_limit_micro, "
                 "credit_limit_micro, is_open, opened_at) "
                 "VALUES ($1, $2, 'n', 'shop', 'CNY', 9, 0, true, $3)", (first, str(first), AT)),
                ("INSERT INTO vendor_step (id, vendor_id, action, decided, who, reason, at) "
                 "VALUES ($1, $2, 'opened', '{}', 'w', $3, $4)", (second, first, f"r{number}", AT)),
                ("INSERT INTO vendor_funding (id, vendor_id, key, amount_micro, means, reference, "
                 "who, journal_id, at) VALUES ($1, $2, $3, 9, 'bank', 'r', 'w', $4, $5)",
                 (second, first, f"k{number}", journal_id, AT)),
                ("INSERT INTO vendor_funding_reversal (id, funding_id, key, who, reason, "
                 "journal_id, at) VALUES ($1, $2, $3, 'w', 'r', $4, $5)",
                 (first, second, f"k{number}", journal_id, AT)),
                ("INSERT INTO vend (id, vendor_id, key, account_id, account_number, amount_micro, "
                 "currency, tender, reference, sold_by, business_day, balance_before_micro, "
                 "balance_micro, owed_micro, paid_off, credit_micro, supply_state, at) "
                 "VALUES ($1, $2, $3, $4, 'n', 9, 'CNY', 'cash', '', $6, '2026-03-01', 0, 9, 0, "
                 "'{}', 0, 'connected', $5)",
                 (second, first, f"k{number}", ACCOUNT, AT, f"w{second}")),
                ("INSERT INTO vend_bar (vendor_id, key, who, reason, at) "
                 "VALUES ($1, $2, 'w', $3, $4)", (first, f"b{number}", f"r{number}", AT)),
                ("INSERT INTO vend_void (id, vend_id, key, who, reason, balance_micro, "
                 "business_day, at) VALUES ($1, $2, $3, $5, 'r', 0, '2026-03-01', $4)",
                 (first, second, f"k{number}", AT, f"w{second}")),
                ("INSERT INTO cash_hand_over (id, key, vendor_id, seller, currency, amount_micro, "
                 "destination, receiver, slip, who, journal_id, at) "
                 "VALUES ($1, $2, $3, 'w', 'CNY', 9, 'bank', '', $2, $6, $4, $5)",
                 (second, f"k{number}", first, journal_id, AT, f"w{second}")),
                ("INSERT INTO cash_receipt (id, hand_over_id, key, received_micro, who, reason, "
                 "journal_id, at) VALUES ($1, $2, $3, 9, 'w', 'r', $4, $5)",
                 (first, second, f"k{number}", journal_id, AT)),
                ("INSERT INTO cash_day (id, vendor_id, seller, business_day, currency, "
                 "expected_micro, state) VALUES ($1, $2, 'w', '2026-03-01', 'CNY', 9, 'open')",
                 (first, first)),
                ("INSERT INTO cash_count (id, cash_day_id, key, expected_micro, counted_micro, "
                 "who, reason, at) VALUES ($1, $2, $3, 9, 9, $5, 'r', $4)",
                 (second, first, f"k{number}", AT, f"w{second}")),
                ("INSERT INTO cash_count_outcome (count_id, action, key, who, reason, journal_id, "
                 "at) VALUES ($1, 'closed', $2, 'w', 'r', $3, $4)",
                 (second, f"k{number}", journal_id, AT)),
                ("INSERT INTO proposal (id, kind, subject, key, parameters, amount_micro, "
                 "currency, who, reason, at, expires_at) VALUES ($1, 'transfer', $2, $2, '{}', $3, "
                 "'CNY', $4, 'r', $5, '2026-03-08')",
                 (second, f"k{number}", number, f"w{second}", AT)),
                ("INSERT INTO proposal_outcome (proposal_id, action, who, reason, at) "
                 "VALUES ($1, 'approved', 'w', $2, $3)", (second, f"r{number}", AT)),
                ("INSERT INTO sole_act (id, kind, about, also_about, amount_micro, currency, who, "
                 "at) VALUES ($1, 'transfer', $2, 'b', $3, 'CNY', $4, $5)",
                 (second, f"a{number}", number, f"w{second}", AT)),
                ("INSERT INTO adjustment (id, key, account_id, amount_micro, currency, cause, "
                 "may_overdraw, who, reason, balance_micro, proposal_id, journal_id, at) "
                 "VALUES ($1, $2, $3, 9, 'CNY', 'fee', false, $4, 'r', 9, $1, $5, $6)",
                 (second, f"k{number}", ACCOUNT, f"w{second}", journal_id, AT)),
                ("INSERT INTO transfer (id, key, from_account_id, to_account_id, amount_micro, "
                 "currency, may_overdraw, who, reason, from_balance_micro, to_balance_micro, "
                 "proposal_id, journal_id, at) "
                 "VALUES ($1, $2, $3, $4, 9, 'CNY', false, $5, 'r', 0, 9, $1, $6, $7)",
                 (second, f"k{number}", ACCOUNT, OTHER, f"w{second}", journal_id, AT)),
                ("INSERT INTO account_check (id, vendor_id, business_day, their_lines, "
                 "their_micro, our_lines, our_micro, matched_lines, open_lines, posted_by, "
                 "posted_at) VALUES ($1, $1, '2026-03-01', 1, 9, 0, 0, 0, 0, 'w', $2)",
                 (first, AT)),
                ("INSERT INTO account_check_posting (id, check_id, key, sha256, lines, who, at) "
                 "VALUES ($1, $2, $3, sha256('x'), $4, 'w', $5)",
                 (second, first, str(first), number, AT)),
                ("INSERT INTO account_check_line (id, check_id, key, difference) "
                 "VALUES ($1, $2, 'k', 'missing_here')", (second, first)),
                ("INSERT INTO account_check_resolution (line_id, key, who, reason, at) "
                 "VALUES ($1, $2, 'w', 'r', $3)", (second, f"k{number}", AT)),
                *rows_of_modes_and_deposits(first, second, number, journal_id, account_id=ACCOUNT),
                *rows_of_refunds(
                    first, second, number, journal_id, account_id=ACCOUNT, bank_line=second
                ),
                ("INSERT INTO meter_state (meter_id, day, today) SELECT $1, day, $2 FROM "
                 "posting_day", (f"m{first}", bytes([number]))),
            ):  # fmt: skip
                await self.sql(query, *values)

    async def findings(self, connection: asyncpg.Connection | None = None) -> list[Finding]:
        """What an audit says, of what ``connection`` sees in its open transaction."""
        own = connection or await self.connect()
        try:
            published = [
                (row["day"], row["head"].hex())
                for row in await own.fetch("SELECT day, head FROM published_head")
            ]
            async with own.transaction():
                return [each async for each in audit(store=PostgresSeals(own), published=published)]
        finally:
            if connection is None:
                await own.close()

    async def publish_heads(self) -> None:
        """What somebody outside has kept."""
        await self.sql("CREATE TABLE IF NOT EXISTS published_head AS SELECT day, head FROM seal")
