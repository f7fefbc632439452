"""What a meter says of itself on ``status``, ``event`` or ``response``, and what that tells."""

from collections import defaultdict
from collections.abc import Sequence, Set
from typing import NamedTuple, TypeAlias

import msgspec

from meter_gateway.commands.command import Heard
from meter_gateway.faults.refusals import Reason, Refused
from meter_gateway.mqtt.received import Received
from meter_gateway.presence.rules import News, SignOfLife, Status
from meter_gateway.uplink.messages import address_of, decoded
from prewatt_common.contracts.base import Presence
from prewatt_common.contracts.mqtt_v1 import MqttEvent, MqttResponse, MqttStatus

_decode_event = msgspec.json.Decoder(MqttEvent).decode
_decode_response = msgspec.json.Decoder(MqttResponse).decode
_decode_status = msgspec.json.Decoder(MqttStatus).decode

What: TypeAlias = Status | MqttEvent | MqttResponse | Refused


class Told(NamedTuple):
    """A message, and what it says or why it cannot be taken. Without a meter, its topic is odd."""

    meter_id: str
    received: Received
    what: What


def read(received: Received) -> Told:
    """What a message of ``status``, ``event`` or ``response`` says."""
    meter_id = ""
    try:
        meter_id, kind = address_of(received.topic)
        if kind == "status":
            what: What = _status(received)
        elif kind == "event":
            what = decoded(_decode_event, received.payload)
        else:
            what = decoded(_decode_response, received.payload)
    except Refused as refusal:
        what = refusal
    return Told(meter_id, received, what)


def _status(received: Received) -> Status:
    payload, session = received.payload, None
    if payload.startswith(b"{"):
        status = decoded(_decode_status, payload)
        presence, session = status.presence, status.session
    else:
        try:
            presence = Presence(payload.decode())
        except ValueError as error:
            detail = f"{payload[:40]!r} is neither online nor offline nor an object with a session"
            raise Refused(Reason.UNDECODABLE, detail) from error
    return Status(presence=presence, session=session, at=received.at, retained=received.retained)


def news_of(all_told: Sequence[Told]) -> dict[str, list[News]]:
    """Of each meter, in the order in which it came."""
    news: defaultdict[str, list[News]] = defaultdict(list)
    for meter_id, received, what in all_told:
        if isinstance(what, Status):
            news[meter_id].append(what)
        elif _shows_life(received):
            news[meter_id].append(SignOfLife(at=received.at))
    return news


def heard_of(all_told: Sequence[Told], *, came: Set[str]) -> list[Heard]:
    """The meters that showed that they are there; ``came``: those that were not before."""
    heard: dict[str, Heard] = {}
    for told in all_told:
        meter_id, received, _ = told
        connected = says(told, Presence.ONLINE) and not received.retained
        if connected or _shows_life(received):
            before = heard.get(meter_id)
            has_come = connected or meter_id in came or (before is not None and before.came)
            heard[meter_id] = Heard(meter_id=meter_id, at=received.at, came=has_come)
    return list(heard.values())


def says(told: Told, presence: Presence) -> bool:
    """Whether it is a status of that."""
    return isinstance(told.what, Status) and told.what.presence is presence


def _shows_life(received: Received) -> bool:
    """An event or answer that the meter sent just now, whatever is wrong with it."""
    return not received.retained and received.topic.endswith(("/event", "/response"))
