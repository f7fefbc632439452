"""Records of many readings, taken apart: what is wrong with one of them harms no other."""

from typing import Any

import msgspec
from aiokafka import ConsumerRecord

from prewatt_common.contracts.base import INSTANT_YEARS, outside_years
from prewatt_common.contracts.meter_readings_v1 import Reading, Readings
from prewatt_common.kafka.decoding import UNREADABLE, Several, Undecodable

_COLUMNS = ("meters", "read_at", "import_wh")
_decode = msgspec.json.Decoder(Readings).decode


def decode_readings(record: ConsumerRecord) -> Several[Reading]:
    """The readings of a record, and those of them that hold to no contract, by their index.

    Raises `Undecodable` where the record as a whole does not.
    """
    value = record.value or b""
    try:
        found = _decode(value)
    except UNREADABLE:
        return _one_by_one(value)
    meters, read_at, import_wh, received_at = (
        found.meters, found.read_at, found.import_wh, found.received_at,
    )  # fmt: skip
    if not (
        len(meters) == len(read_at) == len(import_wh)
        and min(read_at).year in INSTANT_YEARS
        and max(read_at).year in INSTANT_YEARS
        and received_at.year in INSTANT_YEARS
    ):
        return _one_by_one(value)
    events = [
        Reading(meter_id, at, wh, received_at)
        for meter_id, at, wh in zip(meters, read_at, import_wh, strict=True)
    ]
    return Several(events, ())


def one_of_readings(value: bytes, index: int) -> bytes:
    """A record's value as that of a record of its one reading ``index``."""
    fields = _fields(value)
    one = {name: [fields[name][index]] for name in _COLUMNS}
    return msgspec.json.encode({"received_at": fields["received_at"], **one})


def _one_by_one(value: bytes) -> Several[Reading]:
    fields = _fields(value)
    events: list[Reading] = []
    bad: list[tuple[int, str]] = []
    for index, (meter_id, at, wh) in enumerate(zip(*(fields[c] for c in _COLUMNS), strict=True)):
        one = {
            "meter_id": meter_id,
            "read_at": at,
            "import_wh": wh,
            "received_at": fields["received_at"],
        }
        try:
            reading = msgspec.convert(one, Reading)
        except UNREADABLE as error:
            bad.append((index, f"not a Reading: {error}"))
            continue
        wrong = outside_years(reading, ("read_at", "received_at"))
        if wrong:
            bad.append((index, f"not a Reading: {wrong}"))
        else:
            events.append(reading)
    return Several(events, bad)


def _fields(value: bytes) -> dict[str, Any]:
    """The columns, whatever is in them. Raises `Undecodable` for what has none of equal length."""
    try:
        fields = msgspec.json.decode(value, type=dict[str, Any])
    except UNREADABLE as error:
        message = f"not a Readings: {error}"
        raise Undecodable(message) from error
    columns = [fields.get(name) for name in _COLUMNS]
    lengths = {len(each) for each in columns if isinstance(each, list)}  # pyright: ignore[reportUnknownArgumentType]
    if not all(isinstance(each, list) for each in columns) or len(lengths) != 1 or lengths == {0}:
        message = f"not a Readings: {', '.join(_COLUMNS)} must be lists of one length"
        raise Undecodable(message)
    return {"received_at": None, **fields}
