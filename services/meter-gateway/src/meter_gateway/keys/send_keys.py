"""The job: key messages that are due go to their meters."""

from dataclasses import dataclass

from meter_gateway.commands.send_commands import Publish
from meter_gateway.keys.key_message import WAIT_AT_BROKER_S
from meter_gateway.keys.ports import OpenKeyDueStore
from meter_gateway.metrics import KEY_MESSAGES_SENT
from prewatt_common.clock import Clock
from prewatt_common.contracts.mqtt_v1 import ROOT

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class SendKeys:
    """Twice a second, so many at most: the line is there for commands. It sends before it notes
    that it has sent: what comes twice changes nothing."""

    open_due: OpenKeyDueStore
    publish: Publish
    clock: Clock

    async def __call__(self) -> None:
        """Some of them; what the broker did not take stays due."""
        now = self.clock()
        async with self.open_due() as store:
            sent = [
                each
                for each in await store.due(now=now, limit=_AT_ONCE)
                if self.publish(
                    f"{ROOT}/{each.meter_id}/command",
                    each.signed.encode(),
                    expiry_s=WAIT_AT_BROKER_S,
                )
            ]
            if sent:
                await store.sent(sent, now=now)
        KEY_MESSAGES_SENT.inc(len(sent))
