"""What a status, event or answer says and tells, as tables and without I/O."""

from datetime import UTC, datetime, timedelta

import pytest

from meter_gateway.faults.refusals import Reason, Refused
from meter_gateway.mqtt.received import Received
from meter_gateway.presence.rules import SignOfLife, Status
from meter_gateway.uplink.reports import heard_of, news_of, read, says
from prewatt_common.contracts.base import Presence
from prewatt_common.contracts.mqtt_v1 import (
    MqttEvent,
    MqttEventKind,
    MqttOutcome,
    MqttResponse,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ID = "0191f3a0-0000-7000-8000-000000000001"
EVENT = b'{"kind": "tamper", "at": "2026-03-02T12:00:00Z"}'


def answer(outcome: str) -> bytes:
    said = f'"command_id": "{ID}", "outcome": "{outcome}", "relay": "open"'
    return f'{{{said}, "at": "2026-03-02T12:00:00Z"}}'.encode()


def message(
    kind: str, payload: bytes, *, meter: str = "m-1", after_s: float = 0, retained: bool = False
) -> Received:
    at = NOW + timedelta(seconds=after_s)
    return Received(f"prewatt/v1/{meter}/{kind}", payload, at, retained)


@pytest.mark.parametrize(
    ("payload", "presence", "session"),
    [
        (b"online", Presence.ONLINE, None),
        (b"offline", Presence.OFFLINE, None),
        (b'{"presence": "offline", "session": "a"}', Presence.OFFLINE, "a"),
    ],
)
def test_a_status_says_presence_and_session(payload, presence, session):
    told = read(message("status", payload, retained=True))
    assert told.what == Status(presence=presence, session=session, at=NOW, retained=True)
    assert says(told, presence)


def test_an_event_and_an_answer_are_what_the_meter_sent():
    event = read(message("event", EVENT))
    assert (event.meter_id, event.what) == ("m-1", MqttEvent(kind=MqttEventKind.TAMPER, at=NOW))
    late = read(message("response", answer("late"))).what
    assert isinstance(late, MqttResponse)
    assert late.outcome is MqttOutcome.LATE


@pytest.mark.parametrize(
    ("received", "meter_id", "reason"),
    [
        (message("status", b"asleep"), "m-1", Reason.UNDECODABLE),
        (message("status", b"\xff"), "m-1", Reason.UNDECODABLE),
        (message("status", b'{"presence": "asleep"}'), "m-1", Reason.UNDECODABLE),
        (message("event", b"{}"), "m-1", Reason.UNDECODABLE),
        (message("response", b'{"outcome": "succeeded"}'), "m-1", Reason.UNDECODABLE),
        (message("event", EVENT, meter="x" * 65), "", Reason.BAD_TOPIC),
        (message("event", EVENT, meter=""), "", Reason.BAD_TOPIC),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(received, meter_id, reason):
    told = read(received)
    assert told.meter_id == meter_id
    assert isinstance(told.what, Refused)
    assert told.what.reason is reason


@pytest.mark.parametrize(
    ("received", "lives"),
    [
        (message("event", EVENT), True),
        (message("response", answer("succeeded")), True),
        (message("response", answer("late")), True),
        # It cannot be read, and a meter sent it.
        (message("event", b"?"), True),
        # The broker kept it: of any age.
        (message("event", EVENT, retained=True), False),
        (message("status", b"?"), False),
    ],
)
def test_an_event_or_answer_shows_that_the_meter_is_there(received, lives):
    assert news_of([read(received)]) == ({"m-1": [SignOfLife(at=NOW)]} if lives else {})


@pytest.mark.parametrize(
    ("messages", "came"),
    [
        ([message("status", b"online")], True),
        ([message("status", b"online", retained=True)], None),
        ([message("status", b"offline")], None),
        ([message("event", EVENT)], False),
        ([message("response", answer("failed"))], False),
        ([message("status", b"online"), message("event", EVENT, after_s=1)], True),
        ([message("event", EVENT), message("status", b"online", after_s=1)], True),
    ],
)
def test_who_is_there_and_who_has_come(messages, came):
    heard = heard_of([read(each) for each in messages], came=set())
    assert [each.came for each in heard] == ([] if came is None else [came])
    assert all(each.at == messages[-1].at for each in heard)


def test_who_was_away_has_come_whatever_it_says():
    (heard,) = heard_of([read(message("event", EVENT))], came={"m-1"})
    assert heard.came
