"""Metrics of the ledger as a whole, looked up every some seconds."""

from collections.abc import Collection
from datetime import timedelta

from prepay_ledger.accounts.postgres_queries import AccountQueries
from prepay_ledger.bank.postgres_queries import BankQueries
from prepay_ledger.breakers.postgres_queries import BreakerQueries
from prepay_ledger.cashiers.postgres_queries import CashQueries
from prepay_ledger.charging.postgres_parking import ParkedQueries
from prepay_ledger.charging.postgres_queries import ChargingQueries
from prepay_ledger.command_keys.postgres_queries import CommandKeyQueries
from prepay_ledger.conditions.postgres_queries import ConditionQueries
from prepay_ledger.corrections.postgres_queries import CorrectionQueries
from prepay_ledger.debts.postgres_queries import DebtQueries
from prepay_ledger.deposits.postgres_queries import DepositQueries
from prepay_ledger.installations.postgres_unbound import REASONS, UnboundQueries
from prepay_ledger.mandates.postgres_queries import MandateQueries
from prepay_ledger.mandates.values import OPEN, MandateState
from prepay_ledger.metrics import (
    ACCOUNTS,
    ACCOUNTS_BELOW_ZERO,
    BANK_LINE_AGE_SECONDS,
    CASH_ON_ITS_WAY_SECONDS,
    CONDITION_AGE_SECONDS,
    CORRECTION_AGREEMENTS_LEFT,
    CORRECTIONS_IN_TROUBLE,
    CUT_HOLD_SINCE_SECONDS,
    CUT_HOLDS,
    CUTS_WAITING,
    DEBT_NEWS_AGE_SECONDS,
    DEBTS_OUTSTANDING,
    FINDINGS,
    FINDINGS_WAITING,
    GUARANTEES,
    IMBALANCE_MICRO,
    MANDATES,
    METERS_ON_KEY,
    METERS_WITHOUT_NEWEST_KEY,
    MODE_CHANGE_WAITING_SECONDS,
    PARKED_METER,
    PARKED_METERS,
    PAYMENT_EVENTS_UNHANDLED,
    SETTLEMENT_DIFFERENCE_AGE_SECONDS,
    TOP_UP_REQUEST_AGE_SECONDS,
    UNBOUND_METER,
    UNBOUND_METERS,
    UNBOUND_READINGS,
    WORK_ORDER_AGE_SECONDS,
    WORK_ORDERS_OPEN,
)
from prepay_ledger.mode_changes.postgres_queries import ModeChangeQueries
from prepay_ledger.payments.postgres_queries import PaymentQueries
from prepay_ledger.settings import LedgerSettings
from prepay_ledger.settlements.postgres_queries import SettlementQueries
from prepay_ledger.watches_bank import bank_watches
from prepay_ledger.work_orders.postgres_queries import WorkOrderQueries
from prepay_ledger.work_orders.values import WorkOrderKind
from prewatt_common.clock import utc_now
from prewatt_common.contracts.cut_facts_v1 import ConditionKind
from prewatt_common.contracts.ledger_events_v1 import SupplyState
from prewatt_common.db.database import Database
from prewatt_common.workers import Repeating
from prewatt_metering.vee.registry import CHECKS

_EVERY_S = 15.0
_REST_FACTOR = 50
"""Adding up the open day takes at most this part of the time, however busy the day."""
_NAMED_MAX = 20
_EXPORTS_WITHIN = timedelta(minutes=15)
"""A job reads exports within seconds, one meter after the other."""


def watches(database: Database, settings: LedgerSettings) -> list[Repeating]:
    """The workers that keep the metrics."""
    queries, payments = AccountQueries(database), PaymentQueries(database)
    unbound, parked = UnboundQueries(database), ParkedQueries(database)
    findings, corrections = ChargingQueries(database), CorrectionQueries(database)
    orders = WorkOrderQueries(database)
    breakers, debts = BreakerQueries(database), DebtQueries(database)
    bank, cash = BankQueries(database), CashQueries(database)
    settlements = SettlementQueries(database)
    command_keys, conditions = CommandKeyQueries(database), ConditionQueries(database)
    mandates, deposits = MandateQueries(database), DepositQueries(database)
    mode_changes = ModeChangeQueries(database)
    return [
        Repeating(
            name="watch ledger",
            do=lambda: _measure(queries, payments),
            every_s=_EVERY_S,
            rest_factor=_REST_FACTOR,
        ),
        Repeating(
            name="watch unbound readings",
            do=lambda: _measure_unbound(unbound),
            every_s=_EVERY_S,
        ),
        Repeating(
            name="watch findings",
            do=lambda: _measure_findings(findings),
            every_s=_EVERY_S,
            rest_factor=_REST_FACTOR,
        ),
        Repeating(
            name="watch corrections",
            do=lambda: _measure_corrections(corrections),
            every_s=_EVERY_S,
        ),
        Repeating(
            name="watch holds of cuts",
            do=lambda: _measure_holds(breakers),
            every_s=_EVERY_S,
        ),
        Repeating(
            name="watch conditions",
            do=lambda: _measure_conditions(conditions),
            every_s=_EVERY_S,
            rest_factor=_REST_FACTOR,
        ),
        Repeating(
            name="watch command keys",
            do=lambda: _measure_command_keys(command_keys),
            every_s=_EVERY_S,
            rest_factor=_REST_FACTOR,
        ),
        Repeating(
            name="watch debts",
            do=lambda: _measure_debts(debts),
            every_s=_EVERY_S,
            rest_factor=_REST_FACTOR,
        ),
        Repeating(
            name="watch guarantees",
            do=lambda: _measure_guarantees(deposits),
            every_s=_EVERY_S,
            rest_factor=_REST_FACTOR,
        ),
        Repeating(
            name="watch mode changes",
            do=lambda: _measure_mode_changes(mode_changes),
            every_s=_EVERY_S,
        ),
        Repeating(
            name="watch bank lines and cash",
            do=lambda: _measure_money_on_its_way(bank, cash),
            every_s=_EVERY_S,
            rest_factor=_REST_FACTOR,
        ),
        Repeating(
            name="watch automatic top-ups",
            do=lambda: _measure_top_ups(mandates, settings.debit_profiles.keys()),
            every_s=_EVERY_S,
            rest_factor=_REST_FACTOR,
        ),
        Repeating(
            name="watch settlements",
            do=lambda: _measure_settlements(settlements),
            every_s=_EVERY_S,
            rest_factor=_REST_FACTOR,
        ),
        Repeating(
            name="watch parked meters",
            do=lambda: _measure_parked(parked),
            every_s=_EVERY_S,
        ),
        Repeating(
            name="watch work orders",
            do=lambda: _measure_work_orders(orders),
            every_s=_EVERY_S,
        ),
        *bank_watches(database, settings),
    ]


async def _measure(queries: AccountQueries, payment_queries: PaymentQueries) -> None:
    totals = await queries.totals()
    for state in SupplyState:
        ACCOUNTS.labels(state).set(totals.accounts_by_state.get(state, 0))
    ACCOUNTS_BELOW_ZERO.set(totals.accounts_below_zero)
    IMBALANCE_MICRO.set(totals.imbalance_micro)
    for outcome, events in (await payment_queries.open_events()).items():
        PAYMENT_EVENTS_UNHANDLED.labels(outcome).set(events)
    UNBOUND_READINGS.set(totals.unbound_readings)


async def _measure_unbound(unbound: UnboundQueries) -> None:
    found = await unbound.recent()
    UNBOUND_METER.clear()
    for reason in REASONS:
        meters = [each.meter_id for each in found if each.reason == reason]
        UNBOUND_METERS.labels(reason).set(len(meters))
        for meter_id in meters[:_NAMED_MAX]:
            UNBOUND_METER.labels(reason, meter_id).set(1)


async def _measure_findings(findings: ChargingQueries) -> None:
    FINDINGS_WAITING.set(await findings.count_waiting())
    counts = await findings.count_by_check()
    for check in CHECKS:
        FINDINGS.labels(check.check_id).set(counts.get(check.check_id, 0))


async def _measure_corrections(corrections: CorrectionQueries) -> None:
    CORRECTION_AGREEMENTS_LEFT.set(await corrections.agreements_left())
    CORRECTIONS_IN_TROUBLE.set(await corrections.in_trouble())


async def _measure_command_keys(command_keys: CommandKeyQueries) -> None:
    found, missing = await command_keys.status(now=utc_now())
    for each in found:
        METERS_ON_KEY.labels(each.key.key_id).set(each.meters)
    METERS_WITHOUT_NEWEST_KEY.set(missing.missing if missing else 0)


async def _measure_parked(parked: ParkedQueries) -> None:
    found = await parked.in_trouble(waiting_since=utc_now() - _EXPORTS_WITHIN, limit=_NAMED_MAX)
    PARKED_METERS.set(len(found))
    PARKED_METER.clear()
    for each in found:
        PARKED_METER.labels(each).set(1)


async def _measure_debts(debts: DebtQueries) -> None:
    for currency, micro in (await debts.outstanding()).items():
        DEBTS_OUTSTANDING.labels(currency).set(micro)
    since = await debts.untold_since()
    DEBT_NEWS_AGE_SECONDS.set((utc_now() - since).total_seconds() if since else 0)


async def _measure_mode_changes(mode_changes: ModeChangeQueries) -> None:
    since = await mode_changes.waiting_since()
    MODE_CHANGE_WAITING_SECONDS.set((utc_now() - since).total_seconds() if since else 0)


async def _measure_guarantees(deposits: DepositQueries) -> None:
    # A day more or less, by the utility's zone, is no matter to a warning of weeks.
    found = await deposits.ending(utc_now().date())
    GUARANTEES.labels("soon").set(found.soon)
    GUARANTEES.labels("over").set(found.over)


async def _measure_money_on_its_way(bank: BankQueries, cash: CashQueries) -> None:
    now = utc_now()
    since = await bank.waiting_since()
    for waits_for in ("ledger", "person"):
        age_s = (now - since[waits_for]).total_seconds() if waits_for in since else 0
        BANK_LINE_AGE_SECONDS.labels(waits_for).set(age_s)
    handed_over = await cash.on_its_way_since()
    CASH_ON_ITS_WAY_SECONDS.set((now - handed_over).total_seconds() if handed_over else 0)


async def _measure_top_ups(mandates: MandateQueries, by_file: Collection[str]) -> None:
    now, since = utc_now(), await mandates.oldest_open(by_file=by_file)
    for state in OPEN:
        age_s = (now - since[state]).total_seconds() if state in since else 0
        TOP_UP_REQUEST_AGE_SECONDS.labels(state).set(age_s)
    found = await mandates.by_state()
    for state in MandateState:
        MANDATES.labels(state).set(found.get(state, 0))


async def _measure_settlements(settlements: SettlementQueries) -> None:
    now = utc_now()
    found = await settlements.unresolved_since()
    SETTLEMENT_DIFFERENCE_AGE_SECONDS.clear()
    for provider, since in found.items():
        SETTLEMENT_DIFFERENCE_AGE_SECONDS.labels(provider).set((now - since).total_seconds())


async def _measure_conditions(conditions: ConditionQueries) -> None:
    now = utc_now()
    since = await conditions.oldest(now=now)
    for kind in ConditionKind:
        age = now - since[kind] if kind in since else None
        CONDITION_AGE_SECONDS.labels(kind).set(age.total_seconds() if age else 0)


async def _measure_work_orders(orders: WorkOrderQueries) -> None:
    found, now = await orders.open_by_kind(), utc_now()
    for kind in WorkOrderKind:
        of = found.get(kind)
        WORK_ORDERS_OPEN.labels(kind).set(of.orders if of else 0)
        age_s = max(0.0, (now - of.oldest).total_seconds()) if of else 0.0
        WORK_ORDER_AGE_SECONDS.labels(kind).set(age_s)


async def _measure_holds(breakers: BreakerQueries) -> None:
    now = utc_now()
    standing = await breakers.standing(now)
    people = [hold.placed.at.timestamp() for hold in standing if hold.trip is None]
    CUT_HOLDS.labels("people").set(len(people))
    CUT_HOLDS.labels("breaker").set(len(standing) - len(people))
    CUT_HOLD_SINCE_SECONDS.set(min(people, default=0))
    CUTS_WAITING.set(await breakers.waiting(now))
