"""The one place where the gateway's parts meet."""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from meter_gateway.adapters.mqtt.broker_figures import BrokerFigures
from meter_gateway.adapters.postgres.devices import DeviceQueries
from meter_gateway.adapters.postgres.faults import PostgresFaults
from meter_gateway.adapters.postgres.unit import PostgresUnit, open_unit
from meter_gateway.adapters.postgres.watch import PostgresWatch
from meter_gateway.adapters.signing import CommandSigner
from meter_gateway.api.devices import devices_router
from meter_gateway.api.watch import watch_router
from meter_gateway.application.dead_letters import set_aside
from meter_gateway.application.hear_meters import HearMeters
from meter_gateway.application.meter_faults import MeterFaults
from meter_gateway.application.ports import Unit
from meter_gateway.application.registry import Registry
from meter_gateway.application.send_commands import SendCommands
from meter_gateway.application.take_commands import TakeCommands
from meter_gateway.application.take_readings import TakeReadings
from meter_gateway.application.take_reports import TakeReports
from meter_gateway.domain.broker_drops import Drops
from meter_gateway.metrics import INGEST_SECONDS, METERS_ONLINE, REPLICA_SILENT_SECONDS
from meter_gateway.mqtt.command_line import CommandLine
from meter_gateway.mqtt.connection import Broker, Connection
from meter_gateway.mqtt.inbox import Inbox
from meter_gateway.settings import GatewaySettings
from prewatt_common.clock import utc_now
from prewatt_common.contracts.meter_commands_v1 import RelayCommand
from prewatt_common.contracts.mqtt_v1 import ROOT
from prewatt_common.contracts.topics import METER_COMMANDS, METER_EVENTS, METER_READINGS
from prewatt_common.db.database import Database
from prewatt_common.dependencies import watch_dependencies
from prewatt_common.http.app import Check, create_app
from prewatt_common.kafka.consumer import AfterCommit, Consumer, Subscription
from prewatt_common.kafka.decoding import Delivered, decode_one
from prewatt_common.kafka.history import watch_history
from prewatt_common.kafka.outbox import OutboxRelay
from prewatt_common.kafka.producer import Producer
from prewatt_common.service import serve
from prewatt_common.workers import Periodic

logger = logging.getLogger(__name__)

_SHARE = "$share/meter-gateway"
_COUNT_EVERY_S = 15.0
_FAULTS_EVERY_S = 5.0


async def run(settings: GatewaySettings) -> None:
    """Serve until stopped."""
    database = Database(
        url=settings.database_url.get_secret_value(), pool_size=settings.database_pool_size
    )
    producer = Producer(bootstrap=settings.kafka_bootstrap)
    relay = OutboxRelay(database=database, producer=producer)
    queries = DeviceQueries(database)
    registry = Registry(find=queries.find)
    async for ids in queries.all_ids():
        registry.add(ids)
    logger.info("registry loaded", extra={"devices": len(registry)})
    stored_faults = PostgresFaults(database)
    faults = MeterFaults(store=stored_faults, clock=utc_now)
    watch = PostgresWatch(database)

    def units() -> AbstractAsyncContextManager[Unit]:
        return open_unit(database)

    def heard() -> None:
        relay.wake()
        sender.wake()

    def read_to_end() -> set[int]:
        return commands.partitions_at_end()

    resend_after = timedelta(seconds=settings.resend_after_s)
    hear = HearMeters(
        find_awaited=queries.awaited,
        open_unit=units,
        resend_after=resend_after,
        clock=utc_now,
        committed=heard,
    )
    readings = Inbox(
        name="readings",
        handle=TakeReadings(
            registry=registry,
            send=producer.send,
            hear=hear,
            faults=faults,
            future_tolerance=settings.future_tolerance,
            age_max=settings.age_max,
            clock=utc_now,
        ),
        set_aside=set_aside(of=METER_READINGS, send=producer.send, faults=faults, clock=utc_now),
        linger_s=settings.ingest_linger_ms / 1000,
        clock=utc_now,
        seconds=INGEST_SECONDS,
    )
    reports = Inbox(
        name="reports",
        handle=TakeReports(
            registry=registry,
            faults=faults,
            open_unit=units,
            wait_for=hear.wait_for,
            resend_after=resend_after,
            clock=utc_now,
            committed=heard,
        ),
        set_aside=set_aside(of=METER_EVENTS, send=producer.send, faults=faults, clock=utc_now),
        linger_s=0,
        clock=utc_now,
    )
    up = _connection(settings, "readings", ("reading", "profile"), readings)
    down = _connection(settings, "reports", ("status", "event", "response"), reports)
    line = CommandLine(client_id=f"{_instance(settings)}-commands", broker=_broker(settings))
    sender = SendCommands(
        open_unit=units,
        sign=CommandSigner(
            private_key_pem=settings.command_signing_key.get_secret_value(),
            key_id=settings.command_key_id,
        ).sign,
        publish=line.publish,
        cuts_of=read_to_end,
        wait_for=hear.wait_for,
        resend_after=resend_after,
        resend_after_max=timedelta(seconds=settings.resend_after_max_s),
        cut_valid_for=timedelta(seconds=settings.cut_valid_for_s),
        clock=utc_now,
        committed=relay.wake,
    )
    take_commands = TakeCommands(clock=utc_now, committed=sender.wake)

    async def handle_commands(
        connection: AsyncConnection, batch: Sequence[Delivered]
    ) -> AfterCommit | None:
        return await take_commands(PostgresUnit(connection), batch)

    commands = Consumer(
        subscription=Subscription(
            group="meter-gateway.commands",
            topics=(METER_COMMANDS,),
            decode=decode_one(RelayCommand),
            handle=handle_commands,
        ),
        database=database,
        bootstrap=settings.kafka_bootstrap,
        relay=relay,
        instance_id=settings.instance_id,
    )

    async def look_around() -> None:
        METERS_ONLINE.set(await queries.online())
        await watch.seen(_instance(settings))
        replicas = await watch.replicas()
        REPLICA_SILENT_SECONDS.clear()
        for each in replicas:
            REPLICA_SILENT_SECONDS.labels(each["name"]).set(each["silent_s"])

    async def note_drops(tells: Callable[[Drops], Drops]) -> Drops:
        return await watch.broker_said(f"{settings.mqtt_host}:{settings.mqtt_port}", tells=tells)

    app = create_app(
        name="meter-gateway",
        summary="MQTT to Kafka and back: readings up, commands down.",
        auth_public_key=settings.auth_public_key,
        routers=[
            devices_router(
                open_unit=units, queries=queries, registered=registry.add, clock=utc_now
            ),
            watch_router(faults=stored_faults, watch=watch, clock=utc_now),
        ],
        checks={"postgres": database.check},
        consuming={
            "meter-gateway.mqtt-readings": _both(up.check, readings.check),
            "meter-gateway.mqtt-reports": _both(down.check, reports.check),
            commands.group: commands.check,
            "meter-gateway.mqtt-commands": line.check,
            "meter-gateway.send-commands": sender.check,
        },
    )
    workers = [
        relay,
        commands,
        sender,
        readings,
        reports,
        up,
        down,
        line,
        hear,
        watch_dependencies({"kafka": producer.check}),
        BrokerFigures(
            broker=_broker(settings),
            client_id=f"{_instance(settings)}-figures",
            note=note_drops,
            clock=utc_now,
        ),
        Periodic(name="look around", do=look_around, every_s=_COUNT_EVERY_S),
        Periodic(name="meter faults", do=faults.write, every_s=_FAULTS_EVERY_S),
        watch_history(
            bootstrap=settings.kafka_bootstrap,
            topics={METER_COMMANDS: "commands that were not sent yet"},
        ),
    ]
    try:
        await serve(app=app, settings=settings, workers=workers)
    finally:
        await producer.stop()
        await database.close()


def _both(connected: Check, handled: Check) -> Check:
    """Messages come in, and what came is taken care of."""

    async def check() -> str:
        return f"{await connected()}, {await handled()}"

    return check


def _instance(settings: GatewaySettings) -> str:
    """What this replica is called; its MQTT sessions begin with it."""
    return settings.instance_id or "meter-gateway"


def _broker(settings: GatewaySettings) -> Broker:
    password = settings.mqtt_password
    return Broker(
        host=settings.mqtt_host,
        port=settings.mqtt_port,
        username=settings.mqtt_username,
        password=password.get_secret_value() if password else None,
        ca_file=str(settings.mqtt_ca_file) if settings.mqtt_ca_file else None,
    )


def _connection(
    settings: GatewaySettings, name: str, kinds: Sequence[str], inbox: Inbox
) -> Connection:
    """A connection of its own for each direction, so that answers do not queue behind readings."""
    connection = Connection(
        client_id=f"{_instance(settings)}-{name}",
        broker=_broker(settings),
        subscriptions=[f"{_SHARE}/{ROOT}/+/{kind}" for kind in kinds],
        in_flight_max=settings.in_flight_max,
        on_messages=inbox.put,
        on_reconnect=inbox.reconnected,
    )
    inbox.serve(connection)
    return connection
