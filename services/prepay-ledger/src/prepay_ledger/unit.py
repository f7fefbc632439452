"""One transaction's stores, put together."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.account_checks.ports import CheckStore
from prepay_ledger.account_checks.postgres import PostgresAccountChecks
from prepay_ledger.accounts.ports import AccountStore, BulkStore
from prepay_ledger.accounts.postgres import PostgresAccounts
from prepay_ledger.accounts.postgres_bulk import PostgresBulk
from prepay_ledger.agreements.ports import AgreementStore
from prepay_ledger.agreements.postgres import PostgresAgreements
from prepay_ledger.balances.ports import BalanceStore
from prepay_ledger.balances.postgres import PostgresBalances
from prepay_ledger.bank.ports import BankStore
from prepay_ledger.bank.postgres import PostgresBank
from prepay_ledger.breakers.ports import BreakerStore, UndoStore
from prepay_ledger.breakers.postgres import PostgresBreakers
from prepay_ledger.breakers.postgres_undos import PostgresUndos
from prepay_ledger.cashiers.ports import CashStore
from prepay_ledger.cashiers.postgres import PostgresCash
from prepay_ledger.charging.ports import ChargingStore, EstimatedStore, ParkingStore
from prepay_ledger.charging.postgres import PostgresCharging
from prepay_ledger.charging.postgres_estimates import PostgresEstimated
from prepay_ledger.charging.postgres_parking import PostgresParking
from prepay_ledger.command_keys.ports import CommandKeyStore
from prepay_ledger.command_keys.postgres import PostgresCommandKeys
from prepay_ledger.conditions.ports import ConditionStore
from prepay_ledger.conditions.postgres import PostgresConditions
from prepay_ledger.corrections.ports import CorrectionStore
from prepay_ledger.corrections.postgres import PostgresCorrections
from prepay_ledger.cut_lists.ports import CutListStore
from prepay_ledger.cut_lists.postgres import PostgresCutLists
from prepay_ledger.debts.ports import DebtStore, NewsStore, WriteOffStore
from prepay_ledger.debts.postgres import PostgresDebts
from prepay_ledger.debts.postgres_news import PostgresDebtNews
from prepay_ledger.debts.postgres_write_offs import PostgresWriteOffs
from prepay_ledger.deposits.ports import DepositStore
from prepay_ledger.deposits.postgres import PostgresDeposits
from prepay_ledger.emergency_credits.ports import EmergencyCreditStore
from prepay_ledger.emergency_credits.postgres import PostgresEmergencyCredits
from prepay_ledger.estimates.ports import EstimateStore
from prepay_ledger.estimates.postgres import PostgresEstimates
from prepay_ledger.facts.ports import FactStore
from prepay_ledger.facts.postgres import PostgresFacts
from prepay_ledger.forecasts.ports import ForecastStore
from prepay_ledger.forecasts.postgres import PostgresForecasts
from prepay_ledger.installations.ports import InstallationStore
from prepay_ledger.installations.postgres import PostgresInstallations
from prepay_ledger.journal.ports import JournalStore
from prepay_ledger.journal.postgres import PostgresJournals
from prepay_ledger.looks.ports import LookStore
from prepay_ledger.looks.postgres import PostgresLooks
from prepay_ledger.mandates.ports import MandateStore
from prepay_ledger.mandates.postgres import PostgresMandates
from prepay_ledger.payments.ports import PaymentEventStore, PaymentStore
from prepay_ledger.payments.postgres_events import PostgresPaymentEvents
from prepay_ledger.payments.postgres_payments import PostgresPayments
from prepay_ledger.payouts.ports import PayoutStore
from prepay_ledger.payouts.postgres import PostgresPayouts
from prepay_ledger.policies.ports import PeriodStore, PolicyStore, ProtectionStore
from prepay_ledger.policies.postgres import PostgresPolicies
from prepay_ledger.policies.postgres_protections import PostgresPeriods, PostgresProtections
from prepay_ledger.prepay_agreements.ports import PrepayAgreementStore
from prepay_ledger.prepay_agreements.postgres import PostgresPrepayAgreements
from prepay_ledger.procedures.ports import EvidenceStore, ProcedureStore
from prepay_ledger.procedures.postgres import PostgresEvidence, PostgresProcedures
from prepay_ledger.reconnections.ports import ReconnectionStore
from prepay_ledger.reconnections.postgres import PostgresReconnections
from prepay_ledger.relays.ports import RelayStore
from prepay_ledger.relays.postgres import PostgresRelays
from prepay_ledger.settlements.ports import SettlementStore
from prepay_ledger.settlements.postgres import PostgresSettlements
from prepay_ledger.site_codes.ports import SiteCodeStore
from prepay_ledger.site_codes.postgres import PostgresSiteCodes
from prepay_ledger.supply.ports import SupplyStore, UsedStore
from prepay_ledger.supply.postgres import PostgresSupply
from prepay_ledger.supply.postgres_used import PostgresUsed
from prepay_ledger.tariffs.ports import TariffStore
from prepay_ledger.tariffs.postgres import PostgresTariffs
from prepay_ledger.vending.ports import DrawerStore, VendorStore, VendStore
from prepay_ledger.vending.postgres import PostgresVendors, PostgresVends
from prepay_ledger.work_orders.ports import WorkOrderStore
from prepay_ledger.work_orders.postgres import PostgresWorkOrders
from prewatt_common.db.database import Database
from prewatt_common.kafka import outbox
from prewatt_common.kafka.messages import Message


class PostgresUnit:
    """The `Unit` of every module, on an open transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.breakers: BreakerStore = PostgresBreakers(connection)
        self.undos: UndoStore = PostgresUndos(connection)
        self.charging: ChargingStore = PostgresCharging(connection)
        self.conditions: ConditionStore = PostgresConditions(connection)
        self.debts: DebtStore = PostgresDebts(connection)
        self.debt_news: NewsStore = PostgresDebtNews(connection)
        self.write_offs: WriteOffStore = PostgresWriteOffs(connection)
        self.deposits: DepositStore = PostgresDeposits(connection)
        self.emergency_credits: EmergencyCreditStore = PostgresEmergencyCredits(connection)
        self.estimated: EstimatedStore = PostgresEstimated(connection)
        self.estimates: EstimateStore = PostgresEstimates(connection)
        self.forecasts: ForecastStore = PostgresForecasts(connection)
        self.looks: LookStore = PostgresLooks(connection)
        self.parking: ParkingStore = PostgresParking(connection)
        self.journals: JournalStore = PostgresJournals(connection)
        self.tariffs: TariffStore = PostgresTariffs(connection)
        self.balances: BalanceStore = PostgresBalances(connection)
        self.facts: FactStore = PostgresFacts(connection)
        self.agreements: AgreementStore = PostgresAgreements(connection)
        self.command_keys: CommandKeyStore = PostgresCommandKeys(connection)
        self.corrections: CorrectionStore = PostgresCorrections(connection)
        self.installations: InstallationStore = PostgresInstallations(connection)
        self.bulk: BulkStore = PostgresBulk(connection)
        self.accounts: AccountStore = PostgresAccounts(connection)
        self.prepay_agreements: PrepayAgreementStore = PostgresPrepayAgreements(connection)
        self.procedures: ProcedureStore = PostgresProcedures(connection)
        self.evidence: EvidenceStore = PostgresEvidence(connection)
        self.cut_lists: CutListStore = PostgresCutLists(connection)
        self.mandates: MandateStore = PostgresMandates(connection)
        self.payments: PaymentStore = PostgresPayments(connection)
        self.payment_events: PaymentEventStore = PostgresPaymentEvents(connection)
        self.payouts: PayoutStore = PostgresPayouts(connection)
        relays = PostgresRelays(connection)
        self.relays: RelayStore = relays
        self.supply: SupplyStore = PostgresSupply(connection, relays=relays)
        self.used: UsedStore = PostgresUsed(connection)
        self.policies: PolicyStore = PostgresPolicies(connection)
        self.protections: ProtectionStore = PostgresProtections(connection)
        self.protected_periods: PeriodStore = PostgresPeriods(connection)
        self.reconnections: ReconnectionStore = PostgresReconnections(connection)
        self.site_codes: SiteCodeStore = PostgresSiteCodes(connection)
        self.account_checks: CheckStore = PostgresAccountChecks(connection)
        cash = PostgresCash(connection)
        self.cash: CashStore = cash
        self.drawers: DrawerStore = cash
        self.bank: BankStore = PostgresBank(connection)
        self.settlements: SettlementStore = PostgresSettlements(connection)
        self.vendors: VendorStore = PostgresVendors(connection)
        self.vends: VendStore = PostgresVends(connection)
        self.work_orders: WorkOrderStore = PostgresWorkOrders(connection)

    @asynccontextmanager
    async def savepoint(self) -> AsyncGenerator[None]:
        """A SAVEPOINT."""
        async with self.connection.begin_nested():
            yield

    async def publish(self, messages: Sequence[Message]) -> None:
        """Through the outbox."""
        await outbox.append(self.connection, messages)


@asynccontextmanager
async def open_unit(database: Database) -> AsyncGenerator[PostgresUnit]:
    """A transaction of its own, for what does not come from Kafka."""
    async with database.transaction() as connection:
        yield PostgresUnit(connection)
