"""What is accepted on ``reading`` and ``profile``, and what is refused for which reason."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meter_gateway.faults.refusals import Reason, Refused
from meter_gateway.mqtt.received import Received
from meter_gateway.uplink.messages import address_of
from meter_gateway.uplink.readings import Plausible, accept
from meter_gateway.uplink.take_readings import _parts
from prewatt_common.contracts.mqtt_v1 import READING_BYTES_MAX

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOLERANCE = timedelta(minutes=5)
AGE_MAX = timedelta(days=400)


def _accept(payload: bytes, kind: str = "reading"):
    plausible = Plausible(NOW - AGE_MAX, NOW, NOW + TOLERANCE)
    return accept(kind=kind, payload=payload, plausible=plausible)


def _snapshot(minutes: float, wh: object = 1) -> dict:
    return {"at": (NOW + timedelta(minutes=minutes)).isoformat(), "import_wh": wh}


def _profile(*snapshots: dict) -> bytes:
    return json.dumps({"readings": snapshots}).encode()


@pytest.mark.parametrize(
    "payload",
    [
        b'{"at": "2026-03-01T12:00:00Z", "import_wh": 0}',
        b'{"import_wh": 10000000000000, "at": "2026-03-01T20:00:00.250+08:00"}',
        b' {"at":"2026-03-01T12:05:00Z","import_wh":1} ',
        b'{"at":"2025-01-25T12:00:00Z","import_wh":1}',
    ],
)
def test_reading_accepted(payload: bytes) -> None:
    (reading,) = _accept(payload)
    assert reading.at.tzinfo is not None


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Reason.UNDECODABLE),
        (b"{", Reason.UNDECODABLE),
        (b"null", Reason.UNDECODABLE),
        (b"[]", Reason.UNDECODABLE),
        (b"\xff\xfe\x00", Reason.UNDECODABLE),
        (b'{"at":"2026-03-01T12:00:00Z","import_wh":1,"\xff":1}', Reason.UNDECODABLE),
        (b'{"at":"2026-03-01T12:00:00Z","import_wh":1.5}', Reason.UNDECODABLE),
        (b'{"at":"2026-03-01T12:00:00Z","import_wh":"1"}', Reason.UNDECODABLE),
        (b'{"at":"2026-03-01T12:00:00Z","import_wh":-1}', Reason.UNDECODABLE),
        (b'{"at":"2026-03-01T12:00:00Z","import_wh":10000000000001}', Reason.UNDECODABLE),
        (b'{"at":"2026-03-01T12:00:00Z","import_wh":true}', Reason.UNDECODABLE),
        (b'{"at":"2026-03-01T12:00:00Z","import_wh":1,"volts":230}', Reason.UNDECODABLE),
        (b'{"at":"2026-03-01T12:00:00Z"}', Reason.UNDECODABLE),
        (b'{"at":"2026-03-01T12:00:00","import_wh":1}', Reason.UNDECODABLE),
        (b'{"at":1772366400,"import_wh":1}', Reason.UNDECODABLE),
        (b'{"at":"2026-02-30T12:00:00Z","import_wh":1}', Reason.UNDECODABLE),
        (b'{"at":"2026-03-01T12:05:00.000001Z","import_wh":1}', Reason.IN_FUTURE),
        (b'{"at":"2106-02-07T06:28:15Z","import_wh":1}', Reason.IN_FUTURE),
        (b'{"at":"2025-01-25T11:59:59.999999Z","import_wh":1}', Reason.IMPLAUSIBLE_TIME),
        (b'{"at":"2000-01-01T00:00:00Z","import_wh":1}', Reason.IMPLAUSIBLE_TIME),
        (b'{"at":"1970-01-01T00:00:00Z","import_wh":1}', Reason.IMPLAUSIBLE_TIME),
        (b'{"at":"0001-01-01T00:00:00Z","import_wh":1}', Reason.IMPLAUSIBLE_TIME),
        (b" " * (READING_BYTES_MAX + 1), Reason.OVERSIZED),
        (b"[" * 10_000, Reason.UNDECODABLE),
    ],
)
def test_reading_refused(payload: bytes, reason: Reason) -> None:
    with pytest.raises(Refused) as refusal:
        _accept(payload)
    assert refusal.value.reason == reason
    assert refusal.value.detail


def test_profile_accepted_up_to_a_month_of_quarter_hours() -> None:
    snapshots = [_snapshot(-15 * (2976 - number), number) for number in range(2976)]
    readings = _accept(_profile(*snapshots), "profile")
    assert [reading.import_wh for reading in readings] == list(range(2976))


@pytest.mark.parametrize(
    ("snapshots", "reason"),
    [
        ([], Reason.UNDECODABLE),
        ([_snapshot(-1)] * 2977, Reason.UNDECODABLE),
        ([_snapshot(-1), _snapshot(-2)], Reason.NOT_ASCENDING),
        ([_snapshot(-1), _snapshot(-1)], Reason.NOT_ASCENDING),
        ([_snapshot(-1), _snapshot(6)], Reason.IN_FUTURE),
        ([_snapshot(-2), _snapshot(-1, 0.5)], Reason.UNDECODABLE),
        ([_snapshot(-60 * 24 * 400 - 1), _snapshot(-1)], Reason.IMPLAUSIBLE_TIME),
    ],
)
def test_profile_refused(snapshots: list[dict], reason: Reason) -> None:
    with pytest.raises(Refused) as refusal:
        _accept(_profile(*snapshots), "profile")
    assert refusal.value.reason == reason


@given(st.binary(max_size=200), st.sampled_from(["reading", "profile"]))
def test_any_bytes_are_accepted_or_refused(payload: bytes, kind: str) -> None:
    try:
        assert _accept(payload, kind)
    except Refused as refusal:
        assert refusal.reason in Reason


def test_address() -> None:
    assert address_of("prewatt/v1/m-1/reading") == ("m-1", "reading")


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "(not UTF-8)",
        "prewatt/v1/m-1",
        "prewatt/v1//reading",
        "prewatt/v1/m-1/reading/more",
        f"prewatt/v1/{'m' * 65}/reading",
    ],
)
def test_address_refused(topic: str) -> None:
    with pytest.raises(Refused) as refusal:
        address_of(topic)
    assert refusal.value.reason == Reason.BAD_TOPIC


@given(st.lists(st.sampled_from([0, 50, 400_000, 1_000_000, 1_500_000]), min_size=1))
def test_a_batch_is_taken_in_parts_of_limited_size(sizes: list[int]) -> None:
    batch = [Received("t", bytes(size), NOW) for size in sizes]
    parts = list(_parts(batch))
    assert [received for part in parts for received in part] == batch
    assert all(parts)
    for part in parts:
        assert len(part) == 1 or sum(len(each.payload) for each in part) <= 1_000_000
