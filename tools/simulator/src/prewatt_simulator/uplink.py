"""The two ways readings go up: shared connections, or one for each meter."""

import ssl
import zlib
from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import partial
from typing import Any, Protocol

from prewatt_common.contracts.base import Presence
from prewatt_common.contracts.mqtt_v1 import ROOT, MqttStatus
from prewatt_common.ids import new_id
from prewatt_simulator import payloads, wire
from prewatt_simulator.meter import Meter, Reading
from prewatt_simulator.publisher import Broker, Line
from prewatt_simulator.session import Outgoing, Session
from prewatt_simulator.settings import FleetSettings

OnCommand = Callable[[str, bytes], Sequence[Outgoing]]
"""Takes a command's topic and token, gives the messages that answer it."""

Spawn = Callable[[Coroutine[Any, Any, None]], None]
"""Starts a background task that lives as long as the fleet."""


class Uplink(Protocol):
    """Carries what meters publish, and hands their commands to ``OnCommand``."""

    @property
    def in_flight(self) -> int:
        """Messages without a PUBACK."""
        ...

    async def start(self, spawn: Spawn) -> None:
        """Connect, and spawn what keeps the connections alive until it is cancelled."""
        ...

    async def publish_readings(self, readings: Iterable[Reading]) -> None:
        """One ``reading`` message each. Waits for room in the window, not for the PUBACK."""
        ...

    async def publish(self, meter: Meter, message: Outgoing) -> None:
        """Any other message of a meter."""
        ...

    async def say(self, meter: Meter, presence: Presence) -> None:
        """A meter's retained status."""
        ...

    async def drain(self) -> None:
        """Wait until everything has its PUBACK."""
        ...

    def close(self) -> None:
        """Leave the broker in order."""
        ...


class SharedUplink:
    """Readings on a few connections, commands of all meters on one more."""

    def __init__(
        self, settings: FleetSettings, meters: Sequence[Meter], on_command: OnCommand
    ) -> None:
        broker = _broker(
            settings, tls=_tls(settings), username=settings.username, password=settings.password
        )
        # Two fleets on one broker must not take each other's client id.
        members = zlib.crc32("\n".join(settings.meter_ids).encode())
        name = f"fleet-{members:08x}"
        self._lines = [
            Line(broker=broker, client_id=f"{name}-{number}", window=settings.window)
            for number in range(settings.connections)
        ]
        # A meter keeps to one line, so its readings stay in order.
        self._line_of = {
            meter: self._lines[index % len(self._lines)] for index, meter in enumerate(meters)
        }
        self._session_id = str(new_id())
        self._commands = Session(
            broker=broker,
            client_id=f"{name}-commands",
            subscriptions=[f"{ROOT}/+/command"],
            on_message=on_command,
        )

    @property
    def in_flight(self) -> int:
        """See ``Uplink``."""
        return self._commands.in_flight + sum(line.in_flight for line in self._lines)

    async def start(self, spawn: Spawn) -> None:
        """See ``Uplink``."""
        for line in self._lines:
            await line.connect()
            spawn(line.stay_connected())
        spawn(self._commands.run())
        await self._commands.connected

    async def publish_readings(self, readings: Iterable[Reading]) -> None:
        """See ``Uplink``."""
        for reading in readings:
            meter = reading.meter
            line = self._line_of[meter]
            if line.full:
                await line.room()
            line.send(
                topic=meter.reading_topic, payload=payloads.reading(reading), readings=(reading,)
            )
            meter.published(reading)
        for line in self._lines:
            line.flush()

    async def publish(self, meter: Meter, message: Outgoing) -> None:
        """See ``Uplink``."""
        line = self._line_of[meter]
        if line.full:
            await line.room()
        line.send(
            topic=wire.text(message.topic),
            payload=message.payload,
            readings=message.readings,
            retain=message.retain,
        )
        line.flush()

    async def say(self, meter: Meter, presence: Presence) -> None:
        """See ``Uplink``. All meters of a fleet share a session."""
        await self.publish(meter, _status(meter, presence, self._session_id))

    async def drain(self) -> None:
        """See ``Uplink``."""
        for line in self._lines:
            await line.drain()
        await self._commands.drain()

    def close(self) -> None:
        """See ``Uplink``."""
        for line in self._lines:
            line.close()


class MeterUplink:
    """One persistent session for each meter, with ``offline`` as its last will."""

    def __init__(
        self, settings: FleetSettings, meters: Sequence[Meter], on_command: OnCommand
    ) -> None:
        tls = _tls(settings)
        self._sessions = {meter: _session(settings, meter, on_command, tls) for meter in meters}

    @property
    def in_flight(self) -> int:
        """See ``Uplink``."""
        return sum(session.in_flight for session in self._sessions.values())

    async def start(self, spawn: Spawn) -> None:
        """See ``Uplink``."""
        for session in self._sessions.values():
            spawn(session.run())
        for session in self._sessions.values():
            await session.connected

    async def publish_readings(self, readings: Iterable[Reading]) -> None:
        """See ``Uplink``."""
        for reading in readings:
            meter = reading.meter
            self._sessions[meter].send(
                Outgoing(
                    topic=f"{ROOT}/{meter.meter_id}/reading",
                    payload=payloads.reading(reading),
                    readings=(reading,),
                )
            )
            meter.published(reading)

    async def publish(self, meter: Meter, message: Outgoing) -> None:
        """See ``Uplink``."""
        self._sessions[meter].send(message)

    async def say(self, meter: Meter, presence: Presence) -> None:
        """See ``Uplink``."""
        self._sessions[meter].say(presence)

    async def drain(self) -> None:
        """See ``Uplink``."""
        for session in self._sessions.values():
            await session.drain()

    def close(self) -> None:
        """See ``Uplink``. The sessions disconnect when their tasks are cancelled."""


def _status(meter: Meter, presence: Presence, session_id: str) -> Outgoing:
    payload = payloads.message(MqttStatus(presence=presence, session=session_id))
    return Outgoing(topic=f"{ROOT}/{meter.meter_id}/status", payload=payload, retain=True)


def _session(
    settings: FleetSettings, meter: Meter, on_command: OnCommand, tls: ssl.SSLContext | None
) -> Session:
    return Session(
        broker=_broker(
            settings,
            tls=tls,
            username=meter.meter_id,
            password=settings.meter_passwords.get(meter.meter_id, settings.password),
        ),
        client_id=meter.meter_id,
        subscriptions=[f"{ROOT}/{meter.meter_id}/command"],
        on_message=on_command,
        status=partial(_status, meter),
    )


def _broker(
    settings: FleetSettings,
    *,
    tls: ssl.SSLContext | None,
    username: str | None,
    password: str | None,
) -> Broker:
    return Broker(
        host=settings.mqtt_host,
        port=settings.mqtt_port,
        username=username,
        password=password,
        tls=tls,
    )


def _tls(settings: FleetSettings) -> ssl.SSLContext | None:
    if settings.mqtt_ca_file is None:
        return None
    return ssl.create_default_context(cafile=settings.mqtt_ca_file)
