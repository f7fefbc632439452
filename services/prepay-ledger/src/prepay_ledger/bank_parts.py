"""What lines of banks, and answers about batch debits, are applied by: for jobs and for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from prepay_ledger.approvals.ports import CarryOut
from prepay_ledger.approvals.values import ActKind, ApprovalTerms
from prepay_ledger.bank.receive_debit import ReceiveDebit
from prepay_ledger.bank.receive_deposit import ReceiveDeposit
from prepay_ledger.bank.receive_payout import ReceivePayout
from prepay_ledger.bank.receive_refund import ReceiveRefund
from prepay_ledger.bank.settle_deposit import SettleDeposit
from prepay_ledger.bank.settle_line import SettleLine
from prepay_ledger.bank.settle_payout import SettlePayout
from prepay_ledger.bank.settle_refund import SettleRefund
from prepay_ledger.bank.settle_sum import SettleSum
from prepay_ledger.bank.take_line import TakeLine
from prepay_ledger.business_days import BusinessDays
from prepay_ledger.debit_files.take_answer import TakeAnswer
from prepay_ledger.payments.take_movement import TakeMovement
from prepay_ledger.payments.take_payment import TakePayment
from prepay_ledger.settings import LedgerSettings
from prepay_ledger.supply.review_supply import SupplyReview
from prepay_ledger.transfer_files.close_answer import CloseAnswer
from prepay_ledger.transfer_files.make_file import approve_file
from prepay_ledger.unit import PostgresUnit
from prewatt_common.clock import utc_now


@dataclass(frozen=True, slots=True, kw_only=True)
class BankParts:
    """They hold no state: whoever makes them anew has the same."""

    take_line: TakeLine
    take_answer: TakeAnswer
    receive_payout: ReceivePayout
    receive_debit: ReceiveDebit
    receive_refund: ReceiveRefund
    receive_deposit: ReceiveDeposit


def make_bank_parts(settings: LedgerSettings, *, review: SupplyReview) -> BankParts:
    """As the settings say."""
    take_payment, take_movement = TakePayment(review=review), TakeMovement(review=review)
    receive_payout = ReceivePayout(take_movement=take_movement, days=settings.payout_late_days)
    take_answer = TakeAnswer(
        take_payment=take_payment,
        take_movement=take_movement,
        profiles=settings.debit_profiles,
        days=BusinessDays(settings.bank_holidays),
        zone=ZoneInfo(settings.timezone),
        pay_urls=review.pay_urls,
    )
    receive_debit = ReceiveDebit(take_answer=take_answer, profiles=settings.debit_profiles)
    receive_refund, receive_deposit = ReceiveRefund(review=review), ReceiveDeposit()
    take_line = TakeLine(
        take_payment=take_payment,
        take_movement=take_movement,
        receive_payout=receive_payout,
        receive_debit=receive_debit,
        receive_refund=receive_refund,
        receive_deposit=receive_deposit,
        clock=utc_now,
    )
    return BankParts(
        take_line=take_line,
        take_answer=take_answer,
        receive_payout=receive_payout,
        receive_debit=receive_debit,
        receive_refund=receive_refund,
        receive_deposit=receive_deposit,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BankActs:
    """What people do with lines of banks, and with files for them."""

    settle_line: SettleLine
    settle_sum: SettleSum
    settle_refund: SettleRefund
    settle_payout: SettlePayout
    settle_deposit: SettleDeposit
    close_answer: CloseAnswer

    def by_kind(self) -> Mapping[ActKind, CarryOut[PostgresUnit]]:
        """What carries out those of which a second person has approved."""
        return {
            ActKind.BANK_LINE: self.settle_line.carry_out,
            ActKind.REFUND_SUM: self.settle_sum.carry_out,
            ActKind.REFUND_MATCH: self.settle_refund.carry_out,
            ActKind.PAYOUT_MATCH: self.settle_payout.carry_out,
            ActKind.TRANSFER_FILE: approve_file,
            ActKind.TRANSFER_NOT_PAID: self.close_answer.carry_out,
        }


def make_bank_acts(parts: BankParts, *, terms: ApprovalTerms) -> BankActs:
    """``terms``: when they take two people."""
    return BankActs(
        settle_line=SettleLine(take_line=parts.take_line, terms=terms),
        settle_sum=SettleSum(receive_refund=parts.receive_refund, terms=terms),
        settle_refund=SettleRefund(receive_refund=parts.receive_refund, terms=terms),
        settle_payout=SettlePayout(
            receive_payout=parts.receive_payout,
            receive_debit=parts.receive_debit,
            receive_refund=parts.receive_refund,
            terms=terms,
        ),
        settle_deposit=SettleDeposit(
            receive_deposit=parts.receive_deposit,
            receive_refund=parts.receive_refund,
            receive_debit=parts.receive_debit,
            receive_payout=parts.receive_payout,
        ),
        close_answer=CloseAnswer(terms=terms),
    )
