"""The ledger's routes about banks: statements, payouts, and batch debits."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import date
from zoneinfo import ZoneInfo

from fastapi import APIRouter

from prepay_ledger.bank.api import bank_router
from prepay_ledger.bank.api_deposits import deposit_lines_router
from prepay_ledger.bank.api_payouts import payouts_router
from prepay_ledger.bank.api_refunds import refund_lines_router
from prepay_ledger.bank.api_statements import missing_statements_router
from prepay_ledger.bank.postgres_queries import BankQueries
from prepay_ledger.bank.postgres_statements import StatementQueries
from prepay_ledger.bank_parts import BankActs
from prepay_ledger.business_days import BusinessDays
from prepay_ledger.debit_files.api import (
    debit_files_router,
    debit_results_router,
    debtors_router,
)
from prepay_ledger.debit_files.postgres_queries import DebitQueries
from prepay_ledger.payouts.postgres_queries import PayoutQueries
from prepay_ledger.payouts.rules import late_before
from prepay_ledger.settings import LedgerSettings
from prepay_ledger.transfer_files.api import transfer_files_router, transfer_results_router
from prepay_ledger.transfer_files.postgres_queries import TransferQueries
from prepay_ledger.unit import PostgresUnit, open_unit
from prewatt_common.clock import utc_now
from prewatt_common.db.database import Database


def bank_routers(
    *,
    settings: LedgerSettings,
    database: Database,
    acts: BankActs,
    committed: Callable[[], None],
) -> list[APIRouter]:
    """All of them."""
    zone, days = ZoneInfo(settings.timezone), BusinessDays(settings.bank_holidays)
    profiles, late_days = settings.debit_profiles, settings.payout_late_days
    debits, transfers = DebitQueries(database), TransferQueries(database)

    def units() -> AbstractAsyncContextManager[PostgresUnit]:
        return open_unit(database)

    def today() -> date:
        return utc_now().astimezone(zone).date()

    return [
        bank_router(
            open_unit=units,
            queries=BankQueries(database),
            settle_line=acts.settle_line,
            committed=committed,
            clock=utc_now,
        ),
        missing_statements_router(
            open_unit=units,
            queries=StatementQueries(database, days=days, late_days=settings.statement_late_days),
            today=today,
            clock=utc_now,
        ),
        payouts_router(
            open_unit=units,
            queries=PayoutQueries(database),
            settle_payout=acts.settle_payout,
            late_before=lambda: late_before(utc_now(), zone=zone, days=late_days),
            committed=committed,
            clock=utc_now,
        ),
        refund_lines_router(
            open_unit=units,
            queries=BankQueries(database),
            settle_refund=acts.settle_refund,
            settle_sum=acts.settle_sum,
            committed=committed,
            clock=utc_now,
        ),
        deposit_lines_router(
            open_unit=units,
            settle_deposit=acts.settle_deposit,
            committed=committed,
            clock=utc_now,
        ),
        debit_files_router(
            open_unit=units,
            queries=debits,
            profiles=profiles,
            days=days,
            today=today,
            committed=committed,
            clock=utc_now,
        ),
        transfer_files_router(
            open_unit=units,
            queries=transfers,
            profiles=settings.transfer_profiles,
            days=days,
            terms=settings.approval_terms,
            today=today,
            clock=utc_now,
        ),
        transfer_results_router(
            open_unit=units,
            queries=transfers,
            profiles=settings.transfer_profiles,
            terms=settings.approval_terms,
            clock=utc_now,
        ),
        debit_results_router(open_unit=units, queries=debits, profiles=profiles, clock=utc_now),
        debtors_router(open_unit=units, queries=debits, profiles=profiles, clock=utc_now),
    ]
