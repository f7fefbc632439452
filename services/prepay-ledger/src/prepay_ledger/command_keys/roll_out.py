"""The job: meters are told of the newest key, and to drop those that are retired."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from prepay_ledger.command_keys.ports import OpenUnit, Unit
from prepay_ledger.command_keys.rules import to_tell
from prepay_ledger.command_keys.values import Asked, Keys, MeterKeys, ToTell
from prepay_ledger.events import meter_command
from prepay_ledger.relays.signing import CommandSigner, UnknownKey
from prewatt_common.clock import Clock
from prewatt_common.contracts.base import KeyAction
from prewatt_common.contracts.meter_commands_v1 import KeyMessage
from prewatt_common.contracts.mqtt_v1 import KeyClaims
from prewatt_common.ids import new_id
from prewatt_common.kafka.messages import Message

logger = logging.getLogger(__name__)

_LOOKED_AT_MAX = 2_000


@dataclass(slots=True)
class RollOut:
    """Once a second, ``most`` messages at most. Round after round over the meters that serve: so
    one that is installed later is told too. Where it stands in a round is in memory alone: after a
    crash, a round begins again, and who was told lately is passed over."""

    open_unit: OpenUnit
    signer: CommandSigner
    most: int
    again: timedelta
    """A meter that has not acknowledged by then is told once more."""
    clock: Clock
    committed: Callable[[], None]
    _upto: str = field(default="", init=False)

    async def __call__(self) -> None:
        """Some of the meters. Raises `UnknownKey`: meters trust a key that we cannot sign with."""
        async with self.open_unit() as unit:
            keys = await unit.command_keys.take()
            if keys is None or keys.newest is None:
                return
            _check(keys, self.signer)
            told = await self._some(unit, keys, now=self.clock())
        if told:
            logger.info("%d meters were told of command keys", told)
            self.committed()

    async def _some(self, unit: Unit, keys: Keys, *, now: datetime) -> int:
        meters = await unit.command_keys.serving(after=self._upto, limit=_LOOKED_AT_MAX, now=now)
        chosen: list[tuple[MeterKeys, ToTell]] = []
        upto = ""
        for meter in meters:
            what = to_tell(keys, meter, again=self.again, now=now)
            if what is not None:
                chosen.append((meter, what))
            if len(chosen) == self.most or len(meters) == _LOOKED_AT_MAX:
                upto = meter.meter_id
            if len(chosen) == self.most:
                break
        if chosen:
            first = await unit.command_keys.first_sequence()
            asked = {
                meter.meter_id: _asked(meter, what, first=first, now=now) for meter, what in chosen
            }
            await unit.command_keys.ask(asked)
            await unit.publish(
                [
                    self._message(keys, meter.meter_id, what, asked[meter.meter_id])
                    for meter, what in chosen
                ]
            )
        self._upto = upto
        return len(chosen)

    def _message(self, keys: Keys, meter_id: str, what: ToTell, asked: Asked) -> Message:
        key = keys.of(what.key_id)
        assert key is not None
        claims = KeyClaims(
            meter_id=meter_id,
            action=what.action,
            key_id=what.key_id,
            public_key=key.public_key if what.action is KeyAction.ADD else "",
            sequence=asked.sequence,
            issued_at=asked.asked_at,
        )
        event = KeyMessage(
            meter_id=meter_id,
            action=what.action,
            key_id=what.key_id,
            sequence=asked.sequence,
            issued_at=asked.asked_at,
            signed=self.signer.sign_key(claims, key_id=what.signed_by),
        )
        return meter_command(event, meter_id=meter_id, command_id=new_id(), at=asked.asked_at)


def _check(keys: Keys, signer: CommandSigner) -> None:
    for key in keys.rolled:
        if key.key_id not in signer.key_ids:
            message = f"meters hold key {key.key_id}, and the settings have no private key of it"
            raise UnknownKey(message)


def _asked(meter: MeterKeys, what: ToTell, *, first: int, now: datetime) -> Asked:
    last = first if meter.asked is None else max(first, meter.asked.sequence)
    return Asked(sequence=last + 1, action=what.action, key_id=what.key_id, asked_at=now)
