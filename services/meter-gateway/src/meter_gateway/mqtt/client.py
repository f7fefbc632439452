"""paho, set up as our connections want it."""

from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from meter_gateway.mqtt.broker import Broker
from meter_gateway.mqtt.buffered_socket import BufferedSocket

_CONNECT_TIMEOUT_S = 5


class Client(paho.Client):
    """paho with the buffered socket in place of its own."""

    def _create_socket(self) -> Any:
        return BufferedSocket(super()._create_socket())  # pyright: ignore[reportArgumentType]

    @property
    def between_packets(self) -> bool:
        """Whether no packet is half read."""
        return self._in_packet["command"] == 0


def make_client(broker: Broker, *, client_id: str, protocol: MQTTProtocolVersion) -> Client:
    """Not connected yet. Acknowledging and connecting again are left to us."""
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        # MQTT 5 has no such flag: without an expiry given, a session ends with its connection.
        clean_session=False if protocol == paho.MQTTv311 else None,
        protocol=protocol,
        manual_ack=True,
        reconnect_on_failure=False,
    )
    client.connect_timeout = _CONNECT_TIMEOUT_S
    if broker.username:
        client.username_pw_set(broker.username, broker.password)
    if broker.ca_file:
        client.tls_set(broker.ca_file)  # pyright: ignore[reportUnknownMemberType]
    return client
