"""One transaction's stores, put together."""

from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from prepay_ledger.accounts.ports import AccountStore, BulkStore
from prepay_ledger.accounts.postgres import PostgresAccounts
from prepay_ledger.accounts.postgres_bulk import PostgresBulk
from prepay_ledger.agreements.ports import AgreementStore
from prepay_ledger.agreements.postgres import PostgresAgreements
from prepay_ledger.breakers.ports import BreakerStore, UndoStore
from prepay_ledger.breakers.postgres import PostgresBreakers
from prepay_ledger.breakers.postgres_undos import PostgresUndos
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
from prepay_ledger.looks.ports import LookStore
from prepay_ledger.looks.postgres import PostgresLooks
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
from prepay_ledger.site_codes.ports import SiteCodeStore
from prepay_ledger.site_codes.postgres import PostgresSiteCodes
from prepay_ledger.supply.ports import SupplyStore, UsedStore
from prepay_ledger.supply.postgres import PostgresSupply
from prepay_ledger.supply.postgres_used import PostgresUsed
from prepay_ledger.tariffs.ports import TariffStore
from prepay_ledger.tariffs.postgres import PostgresTariffs
from prepay_ledger.unit_money import MoneyStores
from prepay_ledger.work_orders.ports import WorkOrderStore
from prepay_ledger.work_orders.postgres import PostgresWorkOrders
from prewatt_common.db.database import Database
from prewatt_common.kafka import outbox
from prewatt_common.kafka.messages import Message


class PostgresUnit(MoneyStores):
    """The `Unit` of every module, on an open transaction; made by `unit_on`. ``locks``: what the
    transaction holds already."""

    def __init__(self, connection: AsyncConnection, *, locks: Collection[str] = ()) -> None:
        super().__init__(connection, locks=locks)
        self.connection = connection
        self._to_publish: list[Message] = []
        self.breakers: BreakerStore = PostgresBreakers(connection)
        self.undos: UndoStore = PostgresUndos(connection)
        self.charging: ChargingStore = PostgresCharging(connection)
        self.conditions: ConditionStore = PostgresConditions(connection)

        self.emergency_credits: EmergencyCreditStore = PostgresEmergencyCredits(connection)
        self.estimated: EstimatedStore = PostgresEstimated(connection)
        self.estimates: EstimateStore = PostgresEstimates(connection)
        self.forecasts: ForecastStore = PostgresForecasts(connection)
        self.looks: LookStore = PostgresLooks(connection)
        self.parking: ParkingStore = PostgresParking(connection)
        self.tariffs: TariffStore = PostgresTariffs(connection)
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

        relays = PostgresRelays(connection)
        self.relays: RelayStore = relays
        self.supply: SupplyStore = PostgresSupply(connection, relays=relays)
        self.used: UsedStore = PostgresUsed(connection)
        self.policies: PolicyStore = PostgresPolicies(connection)
        self.protections: ProtectionStore = PostgresProtections(connection)
        self.protected_periods: PeriodStore = PostgresPeriods(connection)
        self.reconnections: ReconnectionStore = PostgresReconnections(connection)
        self.site_codes: SiteCodeStore = PostgresSiteCodes(connection)
        self.work_orders: WorkOrderStore = PostgresWorkOrders(connection)

    @asynccontextmanager
    async def savepoint(self) -> AsyncGenerator[None]:
        """A SAVEPOINT."""
        before = len(self._to_publish)
        try:
            async with self.connection.begin_nested():
                yield
        except BaseException:
            del self._to_publish[before:]
            raise

    async def publish(self, messages: Sequence[Message]) -> None:
        """Through the outbox, in the order given; written by one statement at the end."""
        outbox.check(messages)
        self._to_publish += messages

    async def write_messages(self) -> None:
        """What was published, before the transaction ends."""
        await outbox.append(self.connection, self._to_publish)
        self._to_publish.clear()


@asynccontextmanager
async def unit_on(
    connection: AsyncConnection, *, locks: Collection[str] = ()
) -> AsyncGenerator[PostgresUnit]:
    """On a transaction that is open, and holds ``locks``."""
    unit = PostgresUnit(connection, locks=locks)
    yield unit
    await unit.write_messages()


@asynccontextmanager
async def open_unit(
    database: Database, *, locks: Sequence[str] = ()
) -> AsyncGenerator[PostgresUnit]:
    """A transaction of its own, for what does not come from Kafka; it begins with ``locks``."""
    async with (
        database.transaction(locks=locks) as connection,
        unit_on(connection, locks=locks) as unit,
    ):
        yield unit
