"""What billing reads of Kafka, and whose it is."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from billing.archive.postgres import PostgresPending
from billing.archive.stage_readings import stage_readings
from billing.balances.postgres import PostgresBalances
from billing.balances.take_money import Given, take_credits, take_strays
from billing.hardship.postgres_events import PostgresEvents
from billing.hardship.take_events import Told, take_events
from billing.marks.postgres import PostgresMarks
from billing.postings.postgres import PostgresPostings
from billing.postings.take_charges import take_charges
from billing.readings.leave_out_repeats import leave_out_repeats
from billing.readings.postgres import PostgresReadings
from billing.readings.take_readings import take_readings
from billing.settings import BillingSettings
from billing.terms.postgres import PostgresTerms
from billing.terms.take_accounts import take_accounts
from billing.terms.take_facts import Fact, take_facts
from prewatt_common.contracts.emergency_credit_v1 import EmergencyCreditChanged
from prewatt_common.contracts.ledger_charges_v1 import ChargesPosted
from prewatt_common.contracts.ledger_events_v1 import (
    AccountOpened,
    Credited,
    PaymentTakenBack,
    SupplyChanged,
    ToppedUp,
)
from prewatt_common.contracts.ledger_facts_v1 import (
    AgreementSet,
    InstallationSet,
    MeterRegistered,
    ReadingEdited,
    TariffCorrected,
    TariffCorrectionCompleted,
    TariffPublished,
)
from prewatt_common.contracts.meter_readings_v1 import Reading
from prewatt_common.contracts.topics import (
    LEDGER_CHARGES,
    LEDGER_EVENTS,
    LEDGER_FACTS,
    METER_READINGS,
)
from prewatt_common.db.database import driver
from prewatt_common.kafka.batches import Subscription
from prewatt_common.kafka.decoding import Delivered, decode_one, decode_some, one_of_gathered
from prewatt_common.kafka.offsets import repeats_upto
from prewatt_common.kafka.readings import decode_readings, one_of_readings

_FACTS_MAX = 200
"""Records: one of an import holds up to `GATHERED_MAX` facts."""
_EVENTS_MAX = 500
_CHARGE_EVENTS_MAX = 20
"""An event holds up to a thousand charges."""


def subscriptions(settings: BillingSettings) -> Sequence[Subscription[Any]]:
    """What billing reads."""
    return (
        Subscription(
            group="billing.readings",
            topics=(METER_READINGS,),
            decode=decode_readings,
            one_of=one_of_readings,
            handle=_take_readings,
            batch_records_max=settings.batch_records_max,
            linger_ms=settings.linger_ms,
        ),
        Subscription(
            group="billing.facts",
            topics=(LEDGER_FACTS,),
            decode=decode_some(
                [
                    TariffPublished,
                    TariffCorrected,
                    TariffCorrectionCompleted,
                    AgreementSet,
                    MeterRegistered,
                    InstallationSet,
                    ReadingEdited,
                ]
            ),
            one_of=one_of_gathered,
            handle=_take_facts,
            batch_records_max=_FACTS_MAX,
        ),
        Subscription(
            group="billing.accounts",
            topics=(LEDGER_EVENTS,),
            decode=decode_some([AccountOpened, ToppedUp, Credited, PaymentTakenBack]),
            one_of=one_of_gathered,
            handle=_take_accounts_and_credits,
            batch_records_max=_FACTS_MAX,
        ),
        Subscription(
            group="billing.charges",
            topics=(LEDGER_CHARGES,),
            decode=decode_one(ChargesPosted),
            handle=_take_charges,
            batch_records_max=_CHARGE_EVENTS_MAX,
            linger_ms=settings.linger_ms,
        ),
        Subscription(
            group="billing.hardship",
            topics=(LEDGER_EVENTS,),
            decode=decode_some([ToppedUp, SupplyChanged, EmergencyCreditChanged]),
            handle=_take_hardship,
            batch_records_max=_EVENTS_MAX,
            linger_ms=settings.linger_ms,
        ),
    )


async def _take_readings(connection: AsyncConnection, batch: Sequence[Delivered[Reading]]) -> None:
    raw = await driver(connection)
    store = PostgresReadings(raw)
    upto = await repeats_upto(raw, topic=METER_READINGS.name)
    new = await leave_out_repeats(store=store, repeats_upto=upto, batch=batch)
    if new:
        readings = [event for event, _ in new]
        await take_readings(store=store, marks=PostgresMarks(raw), batch=readings)
        await stage_readings(store=PostgresPending(raw), batch=readings)


async def _take_facts(connection: AsyncConnection, batch: Sequence[Delivered[Fact]]) -> None:
    raw = await driver(connection)
    await take_facts(store=PostgresTerms(raw), marks=PostgresMarks(raw), batch=batch)


async def _take_accounts_and_credits(
    connection: AsyncConnection, batch: Sequence[Delivered[Given]]
) -> None:
    raw = await driver(connection)
    opened = [Delivered(e, record) for e, record in batch if isinstance(e, AccountOpened)]
    await take_accounts(store=PostgresTerms(raw), batch=opened)
    await take_credits(store=PostgresBalances(raw), batch=batch)


async def _take_charges(
    connection: AsyncConnection, batch: Sequence[Delivered[ChargesPosted]]
) -> None:
    raw = await driver(connection)
    await take_charges(store=PostgresPostings(raw), marks=PostgresMarks(raw), batch=batch)
    await take_strays(store=PostgresBalances(raw), batch=batch)


async def _take_hardship(connection: AsyncConnection, batch: Sequence[Delivered[Told]]) -> None:
    await take_events(store=PostgresEvents(await driver(connection)), batch=batch)
