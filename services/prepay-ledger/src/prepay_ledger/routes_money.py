"""The ledger's routes by which money comes in, is looked at and is proven."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter

from prepay_ledger.account_checks.api import account_checks_router
from prepay_ledger.account_checks.check_day import CheckDay
from prepay_ledger.account_checks.postgres_queries import CheckQueries
from prepay_ledger.adjustments.adjust_account import AdjustAccount
from prepay_ledger.adjustments.api import adjustments_router, transfers_router
from prepay_ledger.adjustments.postgres_queries import AdjustmentQueries
from prepay_ledger.adjustments.transfer_money import TransferMoney
from prepay_ledger.approvals.api import proposals_router
from prepay_ledger.approvals.decide_proposal import ApproveProposal
from prepay_ledger.approvals.postgres_queries import ProposalQueries
from prepay_ledger.approvals.values import ActKind
from prepay_ledger.bank_parts import make_bank_acts, make_bank_parts
from prepay_ledger.cashiers.api import cash_days_router, hand_overs_router
from prepay_ledger.cashiers.count_cash import CountCash
from prepay_ledger.cashiers.postgres_queries import CashQueries
from prepay_ledger.debit_formats.as_requester import ByFile
from prepay_ledger.debts.write_off_debt import carry_out_write_off
from prepay_ledger.deposits.carry_out_steps import CarryOutSteps
from prepay_ledger.late_charges.api import late_charges_router
from prepay_ledger.late_charges.postgres_queries import LateChargeQueries
from prepay_ledger.late_charges.waive_late import WaiveLate
from prepay_ledger.mandates.api import mandates_router, top_up_requests_router
from prepay_ledger.mandates.postgres_queries import MandateQueries
from prepay_ledger.mandates.settle_request import SettleRequest
from prepay_ledger.mandates.values import TopUpPolicy
from prepay_ledger.paper.api import Paper
from prepay_ledger.payment_requests.configured import Requesters
from prepay_ledger.payments.api_events import payment_events_router
from prepay_ledger.payments.api_payments import payments_router
from prepay_ledger.payments.api_webhook import webhook_router
from prepay_ledger.payments.apply_payment_event import ApplyPaymentEvent
from prepay_ledger.payments.assign_payment import AssignPayment
from prepay_ledger.payments.postgres_queries import PaymentQueries
from prepay_ledger.payments.replay_payment_event import ReplayPaymentEvent
from prepay_ledger.payments.return_payment import carry_out_return
from prepay_ledger.payments.take_movement import TakeMovement
from prepay_ledger.payments.take_payment import TakePayment
from prepay_ledger.payments.take_payment_event import TakePaymentEvent
from prepay_ledger.receipts.api import receipts_router
from prepay_ledger.receipts.postgres_queries import ReceiptQueries
from prepay_ledger.refund_requests.accept_given import AcceptGiven
from prepay_ledger.refund_requests.api import given_router
from prepay_ledger.refunders.values import Refunders
from prepay_ledger.refunds.api import refunds_router
from prepay_ledger.refunds.order_refund import OrderRefund
from prepay_ledger.refunds.postgres_queries import RefundQueries
from prepay_ledger.routes_bank import bank_routers
from prepay_ledger.seals.postgres import open_seals
from prepay_ledger.settings import LedgerSettings
from prepay_ledger.settlements.api import settlements_router
from prepay_ledger.settlements.api_differences import differences_router
from prepay_ledger.settlements.keep_file import ReadUpload
from prepay_ledger.settlements.keep_otherwise import keeping_otherwise
from prepay_ledger.settlements.move_difference import MoveDifference
from prepay_ledger.settlements.postgres_queries import SettlementQueries
from prepay_ledger.settlements.resolve_difference import ResolveDifference
from prepay_ledger.settlements.terms import terms_of
from prepay_ledger.supply.review_supply import SupplyReview
from prepay_ledger.unit import PostgresUnit, open_unit
from prepay_ledger.vending.api_fundings import fundings_router
from prepay_ledger.vending.api_vendors import holders_router, vendors_router
from prepay_ledger.vending.api_vends import payables_router, vends_router
from prepay_ledger.vending.change_limits import carry_out_limits
from prepay_ledger.vending.fund_vendor import carry_out_funding
from prepay_ledger.vending.postgres_queries import VendQueries
from prepay_ledger.vending.reverse_funding import carry_out_reversal
from prepay_ledger.vending.reverse_vend import ReverseVend
from prepay_ledger.vending.take_vend import TakeVend
from prepay_ledger.vending.void_vend import VoidVend
from prewatt_common.clock import utc_now
from prewatt_common.db.database import Database


def money_routers(
    *,
    settings: LedgerSettings,
    database: Database,
    review: SupplyReview,
    requesters: Requesters,
    refunders: Refunders,
    committed: Callable[[], None],
) -> list[APIRouter]:
    """Of points of sale, cash, banks, providers and receipts."""
    payment_queries, vend_queries = PaymentQueries(database), VendQueries(database)
    take_payment, take_movement = TakePayment(review=review), TakeMovement(review=review)
    zone = ZoneInfo(settings.timezone)
    paper = Paper(settings.utility_name, settings.paper_font)
    settle_request = SettleRequest(zone=zone, policy=TopUpPolicy(), pay_urls=review.pay_urls)
    apply_event = ApplyPaymentEvent(
        take_payment=take_payment, take_movement=take_movement, settle=settle_request
    )
    void_vend = VoidVend(take_movement=take_movement, zone=zone)
    providers = {name: each.provider() for name, each in settings.payment_providers.items()}
    terms = {name: terms_of(each) for name, each in settings.payment_providers.items()}
    read_upload = ReadUpload(terms)

    approvals = settings.approval_terms
    assign_payment = AssignPayment(review=review, terms=approvals)
    adjust_account = AdjustAccount(review=review, terms=approvals)
    transfer_money = TransferMoney(review=review, terms=approvals)
    waive_late = WaiveLate(review=review, terms=approvals)
    bank = make_bank_parts(settings, review=review)
    of_bank = make_bank_acts(bank, terms=approvals)
    resolve_difference = ResolveDifference(
        move=MoveDifference(take_payment=take_payment, take_movement=take_movement),
        read_upload=read_upload,
        terms=approvals,
    )

    async def review_accounts(
        unit: PostgresUnit, account_ids: Sequence[UUID], now: datetime
    ) -> None:
        await review(unit, account_ids, now=now, caused_at=now)

    of_deposits = CarryOutSteps[PostgresUnit](review=review_accounts, zone=zone)

    order_refund = OrderRefund[PostgresUnit](
        zone=zone, approvals=approvals, terms=settings.refund_terms, refunders=refunders
    )

    accept_given = AcceptGiven(take_movement=take_movement, term=approvals.term)

    def units() -> AbstractAsyncContextManager[PostgresUnit]:
        return open_unit(database)

    def holding(locks: Sequence[str]) -> AbstractAsyncContextManager[PostgresUnit]:
        return open_unit(database, locks=locks)

    keeping = keeping_otherwise(units, take_movement=take_movement, clock=utc_now)

    return [
        proposals_router(
            open_unit=keeping,
            queries=ProposalQueries(database),
            approve_proposal=ApproveProposal[PostgresUnit](
                {
                    ActKind.ADJUSTMENT: adjust_account.carry_out,
                    ActKind.TRANSFER: transfer_money.carry_out,
                    ActKind.LATE_CHARGE_WAIVER: waive_late.carry_out,
                    ActKind.VENDOR_LIMITS: carry_out_limits,
                    ActKind.VENDOR_FUNDING: carry_out_funding,
                    ActKind.VENDOR_FUNDING_REVERSAL: carry_out_reversal,
                    ActKind.SUSPENSE_ASSIGNMENT: assign_payment.carry_out,
                    ActKind.SUSPENSE_RETURN: carry_out_return,
                    ActKind.DEPOSIT_HOLD: of_deposits.hold,
                    ActKind.DEPOSIT_DRAW: of_deposits.draw,
                    ActKind.DEPOSIT_RELEASE: of_deposits.release,
                    ActKind.DEBT_WRITE_OFF: carry_out_write_off,
                    ActKind.REFUND: order_refund.carry_out,
                    ActKind.REFUND_GIVEN: accept_given.carry_out,
                    **of_bank.by_kind(),
                    ActKind.SETTLEMENT_DIFFERENCE: resolve_difference.carry_out,
                }
            ),
            committed=committed,
            clock=utc_now,
        ),
        late_charges_router(
            open_unit=units,
            queries=LateChargeQueries(database),
            waive_late=waive_late,
            committed=committed,
            clock=utc_now,
        ),
        adjustments_router(
            open_unit=units,
            queries=AdjustmentQueries(database),
            adjust_account=adjust_account,
            committed=committed,
            clock=utc_now,
        ),
        transfers_router(
            open_unit=units,
            queries=AdjustmentQueries(database),
            transfer_money=transfer_money,
            committed=committed,
            clock=utc_now,
        ),
        refunds_router(
            open_unit=units,
            queries=RefundQueries(database),
            order_refund=order_refund,
            review=review_accounts,
            zone=zone,
            unclaimed_days=settings.unclaimed_days,
            committed=committed,
            clock=utc_now,
        ),
        given_router(
            open_unit=units, accept_given=accept_given, committed=committed, clock=utc_now
        ),
        vendors_router(
            open_unit=units,
            queries=vend_queries,
            terms=approvals,
            committed=committed,
            clock=utc_now,
        ),
        fundings_router(
            open_unit=units,
            queries=vend_queries,
            terms=approvals,
            committed=committed,
            clock=utc_now,
        ),
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
            paper=paper,
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
        *bank_routers(
            settings=settings,
            database=database,
            acts=of_bank,
            committed=committed,
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
            open_unit=keeping,
            queries=SettlementQueries(database),
            resolve=resolve_difference,
            committed=committed,
            clock=utc_now,
        ),
        receipts_router(
            open_unit=lambda: open_seals(database),
            paid=ReceiptQueries(database),
            keys=settings.receipt_signing_keys,
            paper=paper,
            zone=zone,
        ),
        mandates_router(
            open_unit=units,
            queries=MandateQueries(database),
            requesters={**requesters, **dict.fromkeys(settings.debit_profiles, ByFile())},
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
            take_event=TakePaymentEvent(open_unit=holding, apply=apply_event, providers=providers),
            committed=committed,
            clock=utc_now,
        ),
        payments_router(
            open_unit=units,
            queries=payment_queries,
            assign_payment=assign_payment,
            terms=approvals,
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
