"""One direction of messages from the broker: a connection and the inbox that it fills."""

from collections.abc import Sequence

from meter_gateway.mqtt.broker import Broker
from meter_gateway.mqtt.connection import Connection
from meter_gateway.mqtt.inbox import Inbox


class Intake:
    """Both are workers. The inbox acknowledges through the connection."""

    def __init__(
        self,
        *,
        broker: Broker,
        client_id: str,
        subscriptions: Sequence[str],
        in_flight_max: int,
        inbox: Inbox,
    ) -> None:
        self.inbox = inbox
        self.connection = Connection(
            client_id=client_id,
            broker=broker,
            subscriptions=subscriptions,
            in_flight_max=in_flight_max,
            on_messages=inbox.put,
            on_reconnect=inbox.reconnected,
        )
        inbox.serve(self.connection)

    async def check(self) -> str:
        """Messages come in, and what came is taken care of; raises `NotRunning`."""
        return f"{await self.connection.check()}, {await self.inbox.check()}"
