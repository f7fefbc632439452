"""The ledger's HTTP API, put together."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter

from prepay_ledger.account_checks.api import account_checks_router
from prepay_ledger.account_checks.check_day import CheckDay
from prepay_ledger.account_checks.postgres_queries import CheckQueries
from prepay_ledger.accounts.api import accounts_router, enquiries_router
from prepay_ledger.accounts.api_import import imports_router
from prepay_ledger.accounts.change_terms import ChangeTerms
from prepay_ledger.accounts.import_accounts import ImportAccounts
from prepay_ledger.accounts.postgres_queries import AccountQueries
from prepay_ledger.agreements.api import agreements_router
from prepay_ledger.agreements.decide_agreement import DecideAgreement
from prepay_ledger.bank.api import bank_router
from prepay_ledger.bank.postgres_queries import BankQueries
from prepay_ledger.bank.settle_line import SettleLine
from prepay_ledger.bank.take_line import TakeLine
from prepay_ledger.breakers.api import cut_holds_router, cut_undos_router
from prepay_ledger.breakers.postgres_queries import BreakerQueries
from prepay_ledger.breakers.values import Cause
from prepay_ledger.cashiers.api import cash_days_router, hand_overs_router
from prepay_ledger.cashiers.count_cash import CountCash
from prepay_ledger.cashiers.postgres_queries import CashQueries
from prepay_ledger.charging.api import parked_router
from prepay_ledger.charging.api_charges import charges_router, findings_router
from prepay_ledger.charging.postgres_parking import ParkedQueries
from prepay_ledger.charging.postgres_queries import ChargingQueries
from prepay_ledger.charging.release_meter import ReleaseMeter
from prepay_ledger.charging.see_finding import SeeFinding
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
from prepay_ledger.emergency_credits.api import emergency_credits_router
from prepay_ledger.estimates.api import estimates_router
from prepay_ledger.forecasts.api import forecasts_router
from prepay_ledger.installations.api import installations_router, meters_router, unbound_router
from prepay_ledger.installations.decide_meter import DecideMeter
from prepay_ledger.installations.postgres_unbound import UnboundQueries
from prepay_ledger.mandates.api import mandates_router, top_up_requests_router
from prepay_ledger.mandates.postgres_queries import MandateQueries
from prepay_ledger.mandates.settle_request import SettleRequest
from prepay_ledger.mandates.values import TopUpPolicy
from prepay_ledger.payment_requests.configured import Requesters
from prepay_ledger.payments.api_events import payment_events_router
from prepay_ledger.payments.api_payments import payments_router
from prepay_ledger.payments.api_webhook import webhook_router
from prepay_ledger.payments.assign_payment import AssignPayment
from prepay_ledger.payments.postgres_queries import PaymentQueries
from prepay_ledger.payments.replay_payment_event import ReplayPaymentEvent
from prepay_ledger.payments.suspense import SecondPerson
from prepay_ledger.payments.take_movement import TakeMovement
from prepay_ledger.payments.take_payment import TakePayment
from prepay_ledger.payments.take_payment_event import ApplyPaymentEvent, TakePaymentEvent
from prepay_ledger.policies.api import policies_router
from prepay_ledger.policies.api_protections import periods_router, protections_router
from prepay_ledger.policies.postgres_queries import PolicyQueries
from prepay_ledger.policies.values import HoldReason
from prepay_ledger.prepay_agreements.api import prepay_agreements_router
from prepay_ledger.prepay_agreements.postgres_queries import GroundsQueries
from prepay_ledger.procedures.api import procedures_router
from prepay_ledger.procedures.postgres_queries import ProcedureQueries
from prepay_ledger.receipts.api import receipts_router
from prepay_ledger.receipts.postgres_queries import ReceiptQueries
from prepay_ledger.reconnections.api import reconnections_router
from prepay_ledger.reconnections.postgres_queries import ReconnectionQueries
from prepay_ledger.relays.signing import CommandSigner
from prepay_ledger.seals.api import seals_router
from prepay_ledger.seals.postgres import open_seals
from prepay_ledger.settings import LedgerSettings
from prepay_ledger.settlements.api import settlements_router
from prepay_ledger.settlements.api_differences import differences_router
from prepay_ledger.settlements.keep_file import ReadUpload
from prepay_ledger.settlements.postgres_queries import SettlementQueries
from prepay_ledger.settlements.resolve_difference import ResolveDifference
from prepay_ledger.settlements.terms import terms_of
from prepay_ledger.site_codes.api import site_codes_router
from prepay_ledger.supply.api import supply_router
from prepay_ledger.supply.close_and_retry import CloseAndRetry
from prepay_ledger.supply.postgres_queries import SupplyQueries
from prepay_ledger.supply.review_supply import SupplyReview
from prepay_ledger.tariffs.api import tariffs_router
from prepay_ledger.unit import PostgresUnit, open_unit
from prepay_ledger.vending.api_fundings import fundings_router
from prepay_ledger.vending.api_vendors import holders_router, vendors_router
from prepay_ledger.vending.api_vends import payables_router, vends_router
from prepay_ledger.vending.postgres_queries import VendQueries
from prepay_ledger.vending.reverse_vend import ReverseVend
from prepay_ledger.vending.take_vend import TakeVend
from prepay_ledger.vending.void_vend import VoidVend
from prepay_ledger.work_orders.api import work_orders_router
from prepay_ledger.work_orders.postgres_queries import WorkOrderQueries
from prewatt_common.clock import utc_now
from prewatt_common.db.database import Database


def routers(
    *,
    settings: LedgerSettings,
    database: Database,
    review: SupplyReview,
    signer: CommandSigner,
    requesters: Requesters,
    committed: Callable[[], None],
) -> list[APIRouter]:
    """Every module's. ``committed`` is called after what a request changed has committed."""
    queries, payment_queries = AccountQueries(database), PaymentQueries(database)
    breakers = BreakerQueries(database)
    take_payment, take_movement = TakePayment(review=review), TakeMovement(review=review)
    vend_queries, zone = VendQueries(database), ZoneInfo(settings.timezone)
    settle_request = SettleRequest(zone=zone, policy=TopUpPolicy())
    apply_event = ApplyPaymentEvent(
        take_payment=take_payment, take_movement=take_movement, settle=settle_request
    )
    void_vend = VoidVend(take_movement=take_movement, zone=zone)
    providers = {name: each.provider() for name, each in settings.payment_providers.items()}
    terms = {name: terms_of(each) for name, each in settings.payment_providers.items()}
    read_upload = ReadUpload(terms)
    second_person = SecondPerson(settings.second_person_above_micro)
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
        debts_router(
            open_unit=units,
            open_write_off_unit=units,
            queries=DebtQueries(database),
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
            import_accounts=ImportAccounts(review=review),
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
        vendors_router(open_unit=units, queries=vend_queries, committed=committed, clock=utc_now),
        fundings_router(open_unit=units, queries=vend_queries, committed=committed, clock=utc_now),
        holders_router(open_unit=units, clock=utc_now),
        payables_router(open_unit=units, queries=vend_queries, clock=utc_now),
        vends_router(
            open_unit=units,
            queries=vend_queries,
            take_vend=TakeVend(take_payment=take_payment, zone=zone, clock=utc_now),
            void_vend=void_vend,
            reverse_vend=ReverseVend(void_vend=void_vend, zone=zone),
            committed=committed,
            clock=utc_now,
            zone=zone,
        ),
        account_checks_router(
            open_unit=units,
            queries=CheckQueries(database),
            check_day=CheckDay(zone=zone, clock=utc_now),
            committed=committed,
            clock=utc_now,
        ),
        cash_days_router(
            open_unit=units,
            queries=CashQueries(database),
            count_cash=CountCash(zone=zone, clock=utc_now),
            committed=committed,
            clock=utc_now,
        ),
        hand_overs_router(
            open_unit=units,
            queries=CashQueries(database),
            committed=committed,
            clock=utc_now,
        ),
        bank_router(
            open_unit=units,
            queries=BankQueries(database),
            settle_line=SettleLine(
                take_line=TakeLine(
                    take_payment=take_payment, take_movement=take_movement, clock=utc_now
                )
            ),
            committed=committed,
            clock=utc_now,
        ),
        settlements_router(
            providers=sorted(terms),
            open_unit=units,
            queries=SettlementQueries(database),
            read_upload=read_upload,
            committed=committed,
            clock=utc_now,
        ),
        differences_router(
            open_unit=units,
            queries=SettlementQueries(database),
            resolve=ResolveDifference(
                take_payment=take_payment,
                take_movement=take_movement,
                read_upload=read_upload,
                above_micro=settings.second_person_above_micro,
            ),
            committed=committed,
            clock=utc_now,
        ),
        seals_router(open_unit=lambda: open_seals(database)),
        receipts_router(
            open_unit=lambda: open_seals(database),
            paid=ReceiptQueries(database),
            keys=settings.receipt_signing_keys,
        ),
        mandates_router(
            open_unit=units,
            queries=MandateQueries(database),
            requesters=requesters,
            committed=committed,
            clock=utc_now,
        ),
        top_up_requests_router(
            open_unit=units,
            queries=MandateQueries(database),
            settle=settle_request,
            committed=committed,
            clock=utc_now,
        ),
        webhook_router(
            providers=providers,
            open_unit=units,
            take_event=TakePaymentEvent(apply=apply_event, providers=providers),
            committed=committed,
            clock=utc_now,
        ),
        payments_router(
            open_unit=units,
            queries=payment_queries,
            assign_payment=AssignPayment(review=review, second_person=second_person),
            second_person=second_person,
            committed=committed,
            clock=utc_now,
        ),
        payment_events_router(
            open_unit=units,
            queries=payment_queries,
            replay_event=ReplayPaymentEvent(apply=apply_event, providers=providers),
            committed=committed,
            clock=utc_now,
        ),
    ]
