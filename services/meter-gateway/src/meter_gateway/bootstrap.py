"""The one place where the gateway's parts meet."""

import logging
from collections.abc import Sequence
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from meter_gateway.broker_drops.broker_figures import BrokerFigures
from meter_gateway.broker_drops.postgres import PostgresDrops
from meter_gateway.commands.api import commands_router
from meter_gateway.commands.postgres import PostgresCommandQueries, PostgresCommands, open_commands
from meter_gateway.commands.send_commands import SendCommands
from meter_gateway.commands.take_commands import TakeCommands
from meter_gateway.devices.api import devices_router
from meter_gateway.devices.postgres import PostgresDevices
from meter_gateway.devices.register_devices import RegisterDevices
from meter_gateway.devices.registry import Registry
from meter_gateway.faults.api import faults_router
from meter_gateway.faults.dead_letters import set_aside
from meter_gateway.faults.meter_faults import MeterFaults
from meter_gateway.faults.postgres import PostgresFaults
from meter_gateway.keys.postgres import PostgresKeys, open_keys
from meter_gateway.keys.send_keys import SendKeys
from meter_gateway.keys.take_keys import take_keys
from meter_gateway.metrics import INGEST_SECONDS, METERS_ONLINE
from meter_gateway.mqtt.command_line import CommandLine
from meter_gateway.mqtt.inbox import Inbox
from meter_gateway.mqtt.intake import Intake
from meter_gateway.openapi import EXAMPLES, TAGS
from meter_gateway.presence.postgres import count_online
from meter_gateway.replicas.api import replicas_router
from meter_gateway.replicas.look_around import LookAround
from meter_gateway.replicas.postgres import PostgresReplicas
from meter_gateway.settings import GatewaySettings
from meter_gateway.uplink.hear_meters import HearMeters
from meter_gateway.uplink.postgres import find_awaited, open_unit
from meter_gateway.uplink.take_readings import TakeReadings
from meter_gateway.uplink.take_reports import TakeReports
from prewatt_common.clock import utc_now
from prewatt_common.contracts.meter_commands_v1 import KeyMessage, RelayCommand
from prewatt_common.contracts.mqtt_v1 import ROOT
from prewatt_common.contracts.topics import METER_COMMANDS, METER_EVENTS, METER_READINGS
from prewatt_common.dependencies import watch_dependencies
from prewatt_common.http.app import create_app
from prewatt_common.kafka.batches import AfterCommit, Subscription
from prewatt_common.kafka.consumer import Consumer
from prewatt_common.kafka.decoding import Delivered, decode_some
from prewatt_common.kafka.history import watch_history
from prewatt_common.parts import Parts, parts_of
from prewatt_common.service import serve
from prewatt_common.workers import Repeating

logger = logging.getLogger(__name__)

_SHARE = "$share/meter-gateway"
_LOOK_EVERY_S = 15.0
_SEND_KEYS_EVERY_S = 0.5
_FAULTS_EVERY_S = 5.0


async def run(settings: GatewaySettings) -> None:
    """Serve until stopped."""
    async with parts_of(settings, package="meter_gateway") as parts:
        await _run(settings, parts)


async def _run(settings: GatewaySettings, parts: Parts) -> None:
    database, producer, relay = parts.database, parts.producer, parts.relay
    devices = PostgresDevices(database)
    registry = Registry(find=devices.find)
    async for ids in devices.all_ids():
        registry.add(ids)
    logger.info("registry loaded", extra={"devices": len(registry)})
    stored_faults = PostgresFaults(database)
    faults = MeterFaults(store=stored_faults, clock=utc_now)
    replicas = PostgresReplicas(database)

    units = partial(open_unit, database)

    def heard() -> None:
        relay.wake()
        sender.wake()

    hear = HearMeters(
        find_awaited=partial(find_awaited, database, utc_now),
        open_unit=units,
        clock=utc_now,
        committed=heard,
    )
    readings_inbox = Inbox(
        name="readings",
        handle=TakeReadings(
            registry=registry,
            send=producer.send,
            partitions=lambda: producer.partitions(METER_READINGS.name),
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
    reports_inbox = Inbox(
        name="reports",
        handle=TakeReports(
            registry=registry,
            faults=faults,
            open_unit=units,
            wait_for=hear.wait_for,
            clock=utc_now,
            committed=heard,
        ),
        set_aside=set_aside(of=METER_EVENTS, send=producer.send, faults=faults, clock=utc_now),
        linger_s=0,
        clock=utc_now,
    )
    readings = _intake(settings, ("reading", "profile"), readings_inbox)
    reports = _intake(settings, ("status", "event", "response"), reports_inbox)
    line = CommandLine(client_id=f"{settings.replica}-commands", broker=settings.broker)
    commands, sender = _commands(parts, line=line)

    async def count_meters() -> None:
        METERS_ONLINE.set(await count_online(database))

    app = create_app(
        name="meter-gateway",
        summary="MQTT to Kafka and back: readings up, commands down.",
        tags=TAGS,
        examples=EXAMPLES,
        auth_public_key=settings.auth_public_key,
        trusted_proxy_hops=settings.trusted_proxy_hops,
        routers=[
            devices_router(
                register_devices=RegisterDevices(store=devices, registered=registry.add),
                queries=devices,
                clock=utc_now,
            ),
            commands_router(queries=PostgresCommandQueries(database)),
            faults_router(queries=stored_faults, clock=utc_now),
            replicas_router(store=replicas),
            *parts.operators_routers(scope="gateway"),
        ],
        checks={"postgres": database.check},
        consuming={
            "meter-gateway.mqtt-readings": readings.check,
            "meter-gateway.mqtt-reports": reports.check,
            commands.group: commands.check,
            "meter-gateway.mqtt-commands": line.check,
            "meter-gateway.send-commands": sender.check,
            "meter-gateway.hear-meters": hear.check,
        },
    )
    workers = [
        relay,
        commands,
        sender,
        readings.inbox,
        reports.inbox,
        readings.connection,
        reports.connection,
        line,
        hear,
        watch_dependencies({"kafka": producer.check}),
        BrokerFigures(
            broker=settings.broker,
            client_id=f"{settings.replica}-figures",
            note=PostgresDrops(database, broker=settings.broker.name).note,
            clock=utc_now,
        ),
        Repeating(
            name="send keys",
            do=SendKeys(open_due=partial(open_keys, database), publish=line.publish, clock=utc_now),
            every_s=_SEND_KEYS_EVERY_S,
        ),
        Repeating(name="count meters", do=count_meters, every_s=_LOOK_EVERY_S),
        Repeating(
            name="look around",
            do=LookAround(store=replicas, name=settings.replica),
            every_s=_LOOK_EVERY_S,
        ),
        Repeating(name="meter faults", do=faults.write, every_s=_FAULTS_EVERY_S),
        watch_history(
            bootstrap=settings.kafka_bootstrap,
            topics={METER_COMMANDS: "commands that were not sent yet"},
        ),
    ]
    await serve(app=app, settings=settings, workers=workers)


def _commands(parts: Parts, *, line: CommandLine) -> tuple[Consumer, SendCommands]:
    """From Kafka to the database, and from there to the meters."""

    def read_to_end() -> set[int]:
        return consumer.partitions_at_end()

    sender = SendCommands(
        open_due=partial(open_commands, parts.database),
        publish=line.publish,
        cuts_of=read_to_end,
        clock=utc_now,
        committed=parts.relay.wake,
    )
    take_commands = TakeCommands(clock=utc_now, committed=sender.wake)

    async def handle(
        connection: AsyncConnection, batch: Sequence[Delivered[RelayCommand | KeyMessage]]
    ) -> AfterCommit | None:
        commands = [
            Delivered(event, record) for event, record in batch if isinstance(event, RelayCommand)
        ]
        keys = [event for event, _ in batch if isinstance(event, KeyMessage)]
        await take_keys(PostgresKeys(connection), keys, now=utc_now())
        return await take_commands(PostgresCommands(connection), commands)

    consumer = parts.consumer(
        Subscription(
            group="meter-gateway.commands",
            topics=(METER_COMMANDS,),
            decode=decode_some([RelayCommand, KeyMessage]),
            handle=handle,
        ),
    )
    return consumer, sender


def _intake(settings: GatewaySettings, kinds: Sequence[str], inbox: Inbox) -> Intake:
    """A connection of its own for each direction, so that answers do not queue behind readings."""
    return Intake(
        broker=settings.broker,
        client_id=f"{settings.replica}-{inbox.name}",
        subscriptions=[f"{_SHARE}/{ROOT}/+/{kind}" for kind in kinds],
        in_flight_max=settings.in_flight_max,
        inbox=inbox,
    )
