"""What the rooms of money keep in PostgreSQL, on one transaction."""

from collections.abc import Collection

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.account_checks.ports import CheckStore
from prepay_ledger.account_checks.postgres import PostgresAccountChecks
from prepay_ledger.adjustments.ports import AdjustmentStore
from prepay_ledger.adjustments.postgres import PostgresAdjustments
from prepay_ledger.approvals.ports import ProposalStore
from prepay_ledger.approvals.postgres import PostgresProposals
from prepay_ledger.balances.ports import BalanceStore
from prepay_ledger.balances.postgres import PostgresBalances
from prepay_ledger.bank.ports import BankStore
from prepay_ledger.bank.postgres import PostgresBank
from prepay_ledger.cashiers.ports import CashStore
from prepay_ledger.cashiers.postgres import PostgresCash
from prepay_ledger.debit_files.ports import DebitStore, DueStatementStore
from prepay_ledger.debit_files.postgres import PostgresDebits
from prepay_ledger.debit_files.postgres_statements import PostgresDueStatements
from prepay_ledger.debts.ports import DebtStore, NewsStore
from prepay_ledger.debts.postgres import PostgresDebts
from prepay_ledger.debts.postgres_news import PostgresDebtNews
from prepay_ledger.deposits.ports import DepositStore
from prepay_ledger.deposits.postgres import PostgresDeposits
from prepay_ledger.journal.ports import JournalStore
from prepay_ledger.journal.postgres import PostgresJournals
from prepay_ledger.late_charges.ports import LateChargeStore
from prepay_ledger.late_charges.postgres import PostgresLateCharges
from prepay_ledger.mandates.ports import MandateStore
from prepay_ledger.mandates.postgres import PostgresMandates
from prepay_ledger.mode_changes.ports import ModeChangeStore
from prepay_ledger.mode_changes.postgres import PostgresModeChanges
from prepay_ledger.modes.ports import ModeStore
from prepay_ledger.modes.postgres import PostgresModes
from prepay_ledger.pay_links.ports import PayLinkStore
from prepay_ledger.pay_links.postgres import PostgresPayLinks
from prepay_ledger.payments.ports import PaymentEventStore, PaymentStore
from prepay_ledger.payments.postgres_events import PostgresPaymentEvents
from prepay_ledger.payments.postgres_payments import PostgresPayments
from prepay_ledger.payouts.ports import PayoutStore
from prepay_ledger.payouts.postgres import PostgresPayouts
from prepay_ledger.refunds.ports import BackStore, RefundStore
from prepay_ledger.refunds.postgres import PostgresRefunds
from prepay_ledger.refunds.postgres_backs import PostgresBacks
from prepay_ledger.settlements.ports import SettlementStore
from prepay_ledger.settlements.postgres import PostgresSettlements
from prepay_ledger.statements.ports import StatementStore
from prepay_ledger.statements.postgres import PostgresStatements
from prepay_ledger.transfer_files.ports import TransferStore
from prepay_ledger.transfer_files.postgres import PostgresTransfers
from prepay_ledger.vending.ports import DrawerStore, VendorStore, VendStore
from prepay_ledger.vending.postgres import PostgresVendors, PostgresVends


class MoneyStores:
    """Of the books, debts, deposits, and every way that money comes and goes."""

    def __init__(self, connection: AsyncConnection, *, locks: Collection[str]) -> None:
        self.debit_files: DebitStore = PostgresDebits(connection)
        self.due_statements: DueStatementStore = PostgresDueStatements(connection)
        self.debts: DebtStore = PostgresDebts(connection)
        self.debt_news: NewsStore = PostgresDebtNews(connection)
        self.deposits: DepositStore = PostgresDeposits(connection)
        self.journals: JournalStore = PostgresJournals(connection)
        self.balances: BalanceStore = PostgresBalances(connection)
        self.late_charges: LateChargeStore = PostgresLateCharges(connection)
        self.mandates: MandateStore = PostgresMandates(connection)
        self.mode_changes: ModeChangeStore = PostgresModeChanges(connection)
        self.modes: ModeStore = PostgresModes(connection)
        self.pay_links: PayLinkStore = PostgresPayLinks(connection)
        self.payments: PaymentStore = PostgresPayments(connection, locks=locks)
        self.payment_events: PaymentEventStore = PostgresPaymentEvents(connection, locks=locks)
        self.payouts: PayoutStore = PostgresPayouts(connection)
        self.adjustments: AdjustmentStore = PostgresAdjustments(connection)
        self.proposals: ProposalStore = PostgresProposals(connection)
        self.account_checks: CheckStore = PostgresAccountChecks(connection)
        cash = PostgresCash(connection)
        self.cash: CashStore = cash
        self.drawers: DrawerStore = cash
        self.bank: BankStore = PostgresBank(connection)
        self.refunds: RefundStore = PostgresRefunds(connection)
        self.backs: BackStore = PostgresBacks(connection)
        self.statements: StatementStore = PostgresStatements(connection)
        self.settlements: SettlementStore = PostgresSettlements(connection)
        self.transfers: TransferStore = PostgresTransfers(connection)
        self.vendors: VendorStore = PostgresVendors(connection)
        self.vends: VendStore = PostgresVends(connection)
