"""Use case: what meters answered to commands moves supply states on."""

from collections.abc import Callable, Sequence

from prometheus_client import Counter, Histogram

from prepay_ledger.supply.ports import Unit
from prepay_ledger.supply.review_supply import SupplyReview
from prepay_ledger.supply.values import CommandProgress, CommandRecorded
from prewatt_common.clock import Clock
from prewatt_common.contracts.base import CommandStatus, RelayAction, RelayState
from prewatt_common.contracts.meter_events_v1 import CommandProgressed
from prewatt_common.kafka.decoding import Delivered
from prewatt_common.metrics import LATENCY_BUCKETS_SECONDS

COMMAND_SECONDS = Histogram(
    "prewatt_ledger_command_seconds",
    "From the reading or payment behind a command to the meter's confirmation.",
    ("action",),
    buckets=LATENCY_BUCKETS_SECONDS,
)
SUPPLY_CHANGES = Counter(
    "prewatt_ledger_supply_changes_total", "Relays moved, as read back from the meter.", ("action",)
)
_RELAY_AFTER = {
    RelayAction.DISCONNECT: RelayState.OPEN,
    RelayAction.RECONNECT: RelayState.CLOSED,
}


class TakeMeterEvents:
    """Records how commands progress; reviews the accounts of those that are finished."""

    def __init__(self, *, review: SupplyReview, clock: Clock) -> None:
        self._review = review
        self._clock = clock

    async def __call__(
        self, unit: Unit, batch: Sequence[Delivered[CommandProgressed]]
    ) -> Callable[[], None]:
        """Handle ``batch`` (of CommandProgressed events)."""
        recorded = await unit.supply.record_progress(
            [
                CommandProgress(
                    command_id=event.command_id,
                    status=_verified(event),
                    relay=event.relay,
                    detail=event.detail,
                    at=event.at,
                )
                for event, _ in batch
            ]
        )
        finished = [each for each in recorded if each.finished_at is not None]
        if finished:
            await self._review(
                unit,
                list({each.account_id for each in finished}),
                now=self._clock(),
                caused_at=min(each.finished_at for each in finished if each.finished_at),
            )
        succeeded = [each for each in finished if each.status is CommandStatus.SUCCEEDED]
        return lambda: _observe(succeeded)


def _verified(event: CommandProgressed) -> CommandStatus:
    """A success counts only with the relay read back as asked."""
    read_back = event.relay is _RELAY_AFTER[event.action]
    if event.status is CommandStatus.SUCCEEDED and not read_back:
        return CommandStatus.FAILED
    return event.status


def _observe(succeeded: Sequence[CommandRecorded]) -> None:
    for each in succeeded:
        assert each.finished_at is not None
        SUPPLY_CHANGES.labels(each.action).inc()
        COMMAND_SECONDS.labels(each.action).observe(
            (each.finished_at - each.caused_at).total_seconds()
        )
