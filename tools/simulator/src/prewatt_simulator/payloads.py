"""What a meter writes on its topics, as bytes. The contract is ``contracts/mqtt_v1.py``."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from prewatt_common.contracts.mqtt_v1 import MqttEvent, MqttResponse, MqttStatus
from prewatt_simulator.meter import Reading


def reading(item: Reading) -> bytes:
    """``{"at":"2026-03-01T00:15:00Z","import_wh":12345}``, without an encoder's cost."""
    return b'{"at":"%b","import_wh":%d}' % (_instant(item.at), item.import_wh)


def profile(items: Iterable[Reading]) -> bytes:
    """A batch of readings, in the order given."""
    return b'{"readings":[%b]}' % b",".join(map(reading, items))


def message(struct: MqttEvent | MqttResponse | MqttStatus) -> bytes:
    """A response, an event or a status."""
    return msgspec.json.encode(struct)


@lru_cache(maxsize=4096)
def _instant(at: datetime) -> bytes:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z").encode()
