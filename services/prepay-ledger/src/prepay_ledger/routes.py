"""The ledger's HTTP API, put together."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter

from prepay_ledger.accounts.api import accounts_router, enquiries_router
from prepay_ledger.accounts.api_import import imports_router
from prepay_ledger.accounts.change_terms import ChangeTerms
from prepay_ledger.accounts.import_accounts import ImportAccounts
from prepay_ledger.accounts.postgres_queries import AccountQueries
from prepay_ledger.agreements.api import agreements_router
from prepay_ledger.agreements.decide_agreement import DecideAgreement
from prepay_ledger.breakers.api import cut_holds_router, cut_undos_router
from prepay_ledger.breakers.postgres_queries import BreakerQueries
from prepay_ledger.breakers.values import Cause
from prepay_ledger.charging.api import parked_router
from prepay_ledger.charging.api_charges import charges_router, findings_router
from prepay_ledger.charging.postgres_parking import ParkedQueries
from prepay_ledger.charging.postgres_queries import ChargingQueries
from prepay_ledger.charging.release_meter import ReleaseMeter
from prepay_ledger.charging.see_finding import SeeFinding
from prepay_ledger.checkouts.configured import Checkouts
from prepay_ledger.command_keys.api import command_keys_router
from prepay_ledger.command_keys.postgres_queries import CommandKeyQueries
from prepay_ledger.conditions.api import conditions_router
from prepay_ledger.conditions.postgres_queries import ConditionQueries
from prepay_ledger.corrections.api import corrections_router
from prepay_ledger.corrections.postgres_queries import CorrectionQueries
from prepay_ledger.cut_lists.api import cut_lists_router
from prepay_ledger.cut_lists.postgres_queries import CutListQueries
from prepay_ledger.debts.api import debts_router
from prepay_ledger.debts.postgres_queries import DebtQueries
from prepay_ledger.deposits.api import deposits_router
from prepay_ledger.deposits.postgres_queries import DepositQueries
from prepay_ledger.dues.api import dues_router
from prepay_ledger.dues.postgres_queries import DueQueries
from prepay_ledger.emergency_credits.api import emergency_credits_router
from prepay_ledger.estimates.api import estimates_router
from prepay_ledger.forecasts.api import forecasts_router
from prepay_ledger.installations.api import installations_router, meters_router, unbound_router
from prepay_ledger.installations.decide_meter import DecideMeter
from prepay_ledger.installations.postgres_unbound import UnboundQueries
from prepay_ledger.mode_changes.api import mode_changes_router
from prepay_ledger.mode_changes.postgres_queries import ModeChangeQueries
from prepay_ledger.paper.api import Paper
from prepay_ledger.payment_requests.configured import Requesters
from prepay_ledger.policies.api import policies_router
from prepay_ledger.policies.api_protections import periods_router, protections_router
from prepay_ledger.policies.postgres_queries import PolicyQueries
from prepay_ledger.policies.values import HoldReason
from prepay_ledger.prepay_agreements.api import prepay_agreements_router
from prepay_ledger.prepay_agreements.postgres_queries import GroundsQueries
from prepay_ledger.procedures.api import procedures_router
from prepay_ledger.procedures.postgres_queries import ProcedureQueries
from prepay_ledger.reconnections.api import reconnections_router
from prepay_ledger.reconnections.postgres_queries import ReconnectionQueries
from prepay_ledger.refunders.values import Refunders
from prepay_ledger.relays.signing import CommandSigner
from prepay_ledger.routes_links import link_routers
from prepay_ledger.routes_money import money_routers
from prepay_ledger.seals.api import seals_router
from prepay_ledger.seals.postgres import open_seals
from prepay_ledger.settings import LedgerSettings
from prepay_ledger.site_codes.api import site_codes_router
from prepay_ledger.statements.api import statements_router
from prepay_ledger.statements.postgres_queries import StatementQueries
from prepay_ledger.supply.api import supply_router
from prepay_ledger.supply.close_and_retry import CloseAndRetry
from prepay_ledger.supply.postgres_queries import SupplyQueries
from prepay_ledger.supply.review_supply import SupplyReview
from prepay_ledger.tariffs.api import tariffs_router
from prepay_ledger.unit import PostgresUnit, open_unit
from prepay_ledger.work_orders.api import work_orders_router
from prepay_ledger.work_orders.postgres_queries import WorkOrderQueries
from prewatt_common.clock import utc_now
from prewatt_common.db.database import Database
from prewatt_common.kafka.gathering import Partitions


def routers(
    *,
    settings: LedgerSettings,
    database: Database,
    review: SupplyReview,
    signer: CommandSigner,
    requesters: Requesters,
    checkouts: Checkouts,
    refunders: Refunders,
    committed: Callable[[], None],
    partitions: Callable[[], Awaitable[Partitions]],
) -> list[APIRouter]:
    """Every module's. ``committed`` is called after what a request changed has committed;
    ``partitions``: of the topics that the ledger tells facts and events on."""
    queries = AccountQueries(database)
    breakers = BreakerQueries(database)
    zone = ZoneInfo(settings.timezone)
    decide_meter = DecideMeter(review=review)

    def units() -> AbstractAsyncContextManager[PostgresUnit]:
        return open_unit(database)

    async def review_accounts(
        unit: PostgresUnit, account_ids: Sequence[UUID], now: datetime
    ) -> None:
        await review(unit, account_ids, now=now, caused_at=now)

    policies = PolicyQueries(database)
    return [
        tariffs_router(open_unit=units, database=database, committed=committed, clock=utc_now),
        corrections_router(
            open_unit=units,
            queries=CorrectionQueries(database),
            committed=committed,
            clock=utc_now,
        ),
        accounts_router(
            open_unit=units,
            queries=queries,
            change_terms=ChangeTerms(review=review),
            committed=committed,
            clock=utc_now,
        ),
        installations_router(
            open_unit=units,
            decide=decide_meter,
            committed=committed,
            clock=utc_now,
        ),
        meters_router(
            open_unit=units,
            decide=decide_meter,
            committed=committed,
            clock=utc_now,
        ),
        agreements_router(
            open_unit=units,
            decide=DecideAgreement(review=review),
            committed=committed,
            clock=utc_now,
        ),
        findings_router(
            open_unit=units,
            see_finding=SeeFinding(review=review),
            committed=committed,
            clock=utc_now,
        ),
        charges_router(open_unit=units, queries=ChargingQueries(database), clock=utc_now),
        dues_router(queries=DueQueries(database), zone=zone, clock=utc_now),
        statements_router(
            queries=StatementQueries(database),
            paper=Paper(settings.utility_name, settings.paper_font),
        ),
        mode_changes_router(
            open_unit=units,
            queries=ModeChangeQueries(database),
            committed=committed,
            clock=utc_now,
        ),
        deposits_router(
            open_unit=units,
            queries=DepositQueries(database),
            review=review_accounts,
            zone=zone,
            terms=settings.approval_terms,
            committed=committed,
            clock=utc_now,
        ),
        debts_router(
            open_unit=units,
            open_write_off_unit=units,
            queries=DebtQueries(database),
            term=settings.approval_terms.term,
            committed=committed,
            clock=utc_now,
        ),
        emergency_credits_router(
            open_unit=units, review=review_accounts, committed=committed, clock=utc_now
        ),
        estimates_router(open_unit=units, committed=committed, clock=utc_now),
        forecasts_router(open_unit=units, zone=zone, clock=utc_now),
        policies_router(open_unit=units, queries=policies, committed=committed, clock=utc_now),
        periods_router(open_unit=units, queries=policies, committed=committed, clock=utc_now),
        protections_router(
            open_unit=units,
            review=review_accounts,
            queries=policies,
            committed=committed,
            clock=utc_now,
        ),
        procedures_router(
            open_unit=units,
            queries=ProcedureQueries(database),
            committed=committed,
            clock=utc_now,
        ),
        cut_lists_router(
            open_unit=units,
            queries=CutListQueries(database),
            committed=committed,
            clock=utc_now,
            passing=frozenset({*HoldReason, Cause.PACED}),
        ),
        prepay_agreements_router(
            open_unit=units,
            review=review_accounts,
            queries=GroundsQueries(database),
            committed=committed,
            clock=utc_now,
        ),
        imports_router(
            open_unit=units,
            import_accounts=ImportAccounts(review=review, partitions=partitions),
            committed=committed,
            clock=utc_now,
        ),
        enquiries_router(queries=queries),
        command_keys_router(
            open_unit=units,
            queries=CommandKeyQueries(database),
            signer=signer,
            committed=committed,
            clock=utc_now,
        ),
        cut_holds_router(open_unit=units, queries=breakers, committed=committed, clock=utc_now),
        conditions_router(
            open_unit=units,
            queries=ConditionQueries(database),
            committed=committed,
            clock=utc_now,
        ),
        cut_undos_router(open_unit=units, queries=breakers, committed=committed, clock=utc_now),
        supply_router(queries=SupplyQueries(database), zone=zone),
        reconnections_router(queries=ReconnectionQueries(database)),
        work_orders_router(
            open_unit=units,
            close_order=CloseAndRetry(review),
            queries=WorkOrderQueries(database),
            committed=committed,
            clock=utc_now,
        ),
        site_codes_router(open_unit=units, masters=settings.site_code_keys, clock=utc_now),
        unbound_router(queries=UnboundQueries(database)),
        parked_router(
            open_unit=units,
            queries=ParkedQueries(database),
            release_meter=ReleaseMeter(review=review),
            committed=committed,
            clock=utc_now,
        ),
        seals_router(open_unit=lambda: open_seals(database)),
        *money_routers(
            settings=settings,
            database=database,
            review=review,
            requesters=requesters,
            refunders=refunders,
            committed=committed,
        ),
        *link_routers(settings=settings, database=database, checkouts=checkouts),
    ]
