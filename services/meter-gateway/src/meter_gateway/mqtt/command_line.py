"""The connection that commands leave by: MQTT 5, for the sake of messages that expire."""

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from meter_gateway.mqtt.broker import Broker
from meter_gateway.mqtt.connection import Connection


class CommandLine(Connection):
    """A worker. It publishes only, and leaves no session behind."""

    protocol = paho.MQTTv5

    def __init__(self, *, client_id: str, broker: Broker) -> None:
        super().__init__(
            client_id=client_id,
            broker=broker,
            subscriptions=(),
            in_flight_max=1,
            on_messages=lambda _: None,
            on_reconnect=lambda: None,
        )
        # Nothing is received, so nothing is to be taken care of before it may disconnect.
        self.close()

    def publish(self, topic: str, payload: bytes, *, expiry_s: int) -> bool:
        """False where there is no connection now. The caller sends again what is not answered.

        QoS 0, never retained: a meter that is connected gets it, and for one that is not, nothing
        waits at the broker. ``expiry_s`` is for a broker that keeps QoS 0 all the same.
        """
        if self._client is None or not self._subscribed.is_set():
            return False
        properties = Properties(PacketTypes.PUBLISH)
        properties.MessageExpiryInterval = expiry_s
        sent = self._client.publish(topic, payload, qos=0, retain=False, properties=properties)
        return sent.rc == paho.MQTT_ERR_SUCCESS
