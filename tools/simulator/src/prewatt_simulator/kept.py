"""What meters remember without power: a file that grows by a line a change."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from prewatt_common.contracts.base import RelayState
from prewatt_common.contracts.mqtt_v1 import MqttResponse


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What a meter remembers from an instant on."""

    meter_id: str
    relay: RelayState
    sequence: int
    """The last that it executed."""
    limit_w: int | None = None
    """While the relay is limited."""
    code_counter: int = 0
    """The first that a reconnection code is still good for."""
    keys: Mapping[str, str] | None = None
    """The utility's keys that it holds, as `CommandKeys.raw`; none: as burnt in."""
    key_sequence: int = 0
    """Of the last key message that it has followed."""
    response: MqttResponse | None = None
    """Its answer, where a command brought the change."""


class KeptRelays:
    """Lines of JSON, each written before anybody is told. What a kill leaves is a half line at the
    end, of a change that nobody was told of."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Iterator[Kept]:
        """All of it, oldest first."""
        if not self._path.exists():
            return
        decode = msgspec.json.Decoder(Kept).decode
        whole, _, rest = self._path.read_bytes().rpartition(b"\n")
        if rest:
            self._path.write_bytes(whole + b"\n" if whole else b"")
        for line in whole.splitlines():
            yield decode(line)

    def add(self, kept: Kept) -> None:
        """One more."""
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(kept) + b"\n")
