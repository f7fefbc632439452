"""Metrics of money that waits for the bank or for a person, looked up every some seconds."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from prepay_ledger.approvals.postgres_queries import ProposalQueries
from prepay_ledger.bank.postgres_statements import StatementQueries
from prepay_ledger.business_days import BusinessDays
from prepay_ledger.debit_files.postgres_queries import DebitQueries
from prepay_ledger.deposits.postgres_queries import DepositQueries
from prepay_ledger.metrics import (
    BANK_STATEMENTS_MISSING,
    DEBIT_AGE_SECONDS,
    PAYOUTS_OPEN,
    PROPOSAL_WAITING_SECONDS,
    REFUND_AGE_SECONDS,
    REFUNDS_UNANSWERED,
    TRANSFER_ANSWER_AGE_SECONDS,
    UNCLAIMED_BALANCES,
)
from prepay_ledger.payouts.postgres_queries import PayoutQueries
from prepay_ledger.payouts.rules import late_before
from prepay_ledger.refunds.postgres_queries import RefundQueries
from prepay_ledger.refunds.values import Way
from prepay_ledger.settings import LedgerSettings
from prepay_ledger.transfer_files.postgres_queries import TransferQueries
from prewatt_common.clock import utc_now
from prewatt_common.db.database import Database
from prewatt_common.workers import Repeating

_EVERY_S = 15.0
_REST_FACTOR = 50


def bank_watches(database: Database, settings: LedgerSettings) -> list[Repeating]:
    """The workers that keep them."""
    zone, late_days = ZoneInfo(settings.timezone), settings.payout_late_days
    payouts, debits = PayoutQueries(database), DebitQueries(database)
    deposits = DepositQueries(database)
    proposals, refunds = ProposalQueries(database), RefundQueries(database)
    transfers = TransferQueries(database)
    unclaimed = timedelta(days=settings.unclaimed_days)
    by_file = sorted(settings.debit_profiles)
    statements = StatementQueries(
        database,
        days=BusinessDays(settings.bank_holidays),
        late_days=settings.statement_late_days,
    )
    return [
        Repeating(
            name="watch payouts",
            do=lambda: _measure_payouts(payouts, late_before(utc_now(), zone=zone, days=late_days)),
            every_s=_EVERY_S,
            rest_factor=_REST_FACTOR,
        ),
        Repeating(
            name="watch deposits at the bank",
            do=lambda: _measure_deposits(deposits, utc_now() - timedelta(days=late_days)),
            every_s=_EVERY_S,
            rest_factor=_REST_FACTOR,
        ),
        Repeating(
            name="watch missing statements",
            do=lambda: _measure_missing(statements, utc_now().astimezone(zone).date()),
            every_s=_EVERY_S,
            rest_factor=_REST_FACTOR,
        ),
        Repeating(
            name="watch proposals",
            do=lambda: _measure_proposals(proposals),
            every_s=_EVERY_S,
            rest_factor=_REST_FACTOR,
        ),
        Repeating(
            name="watch refunds",
            do=lambda: _measure_refunds(refunds, utc_now().astimezone(zone).date() - unclaimed),
            every_s=_EVERY_S,
            rest_factor=_REST_FACTOR,
        ),
        Repeating(
            name="watch files of transfers",
            do=lambda: _measure_transfers(transfers),
            every_s=_EVERY_S,
            rest_factor=_REST_FACTOR,
        ),
        Repeating(
            name="watch batch debits",
            do=lambda: _measure_debits(debits, by_file),
            every_s=_EVERY_S,
            rest_factor=_REST_FACTOR,
        ),
    ]


async def _measure_payouts(payouts: PayoutQueries, since: date) -> None:
    for provider, count in (await payouts.open_by_provider(late_before=since)).items():
        PAYOUTS_OPEN.labels(provider).set(count)


async def _measure_deposits(deposits: DepositQueries, before: datetime) -> None:
    PAYOUTS_OPEN.labels("deposits").set(await deposits.without_line(before=before))


async def _measure_debits(debits: DebitQueries, by_file: Sequence[str]) -> None:
    now, since = utc_now(), await debits.waiting_since(by_file)
    for waits_for in ("bank", "person"):
        age_s = (now - since[waits_for]).total_seconds() if waits_for in since else 0
        DEBIT_AGE_SECONDS.labels(waits_for).set(age_s)


async def _measure_transfers(transfers: TransferQueries) -> None:
    now, since = utc_now(), await transfers.open_since()
    TRANSFER_ANSWER_AGE_SECONDS.set((now - since).total_seconds() if since else 0)


async def _measure_proposals(proposals: ProposalQueries) -> None:
    now = utc_now()
    since = await proposals.waiting_since(now)
    PROPOSAL_WAITING_SECONDS.set((now - since).total_seconds() if since else 0)


async def _measure_refunds(refunds: RefundQueries, ended_by: date) -> None:
    now, since = utc_now(), await refunds.waiting_since()
    for way in Way:
        age_s = (now - since[way]).total_seconds() if way in since else 0
        REFUND_AGE_SECONDS.labels(way).set(age_s)
    REFUNDS_UNANSWERED.set(await refunds.count_unanswered())
    UNCLAIMED_BALANCES.set(await refunds.count_unclaimed(ended_by))


async def _measure_missing(statements: StatementQueries, today: date) -> None:
    BANK_STATEMENTS_MISSING.labels("gap").set(await statements.open_gaps())
    BANK_STATEMENTS_MISSING.labels("silence").set(len(await statements.silent(today=today)))
