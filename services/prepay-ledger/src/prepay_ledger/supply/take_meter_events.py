"""Use case: what meters answer, report and whether they are there moves relays and supply on."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from prometheus_client import Counter, Histogram

from prepay_ledger.command_keys.note_keys import note_keys
from prepay_ledger.reconnections.follow_relays import Supplied, note_reached
from prepay_ledger.reconnections.rules import SUPPLIED_MV, stage_of_news
from prepay_ledger.reconnections.values import Reached
from prepay_ledger.reconnections.watch_reconnections import observe_times
from prepay_ledger.relays.command_progress import FINISHED_RANK, RANK
from prepay_ledger.relays.news import after_limiter, after_progress, after_report, told_at
from prepay_ledger.relays.values import (
    ABSENCE_BORNE,
    AFTER,
    OBSERVED,
    CommandProgress,
    CommandRecorded,
    Heard,
    ObservedFrom,
    Relay,
    Serving,
)
from prepay_ledger.supply.hold_served import hold_served
from prepay_ledger.supply.ports import Unit
from prepay_ledger.supply.review_supply import SupplyReview
from prepay_ledger.work_orders.keep_orders import open_orders
from prepay_ledger.work_orders.values import NewWorkOrder, WorkOrderKind
from prewatt_common.clock import Clock
from prewatt_common.contracts.base import CommandStatus, RelayAction, RelayState
from prewatt_common.contracts.ledger_events_v1 import ReconnectionStage
from prewatt_common.contracts.meter_events_v1 import (
    CommandProgressed,
    MeterPresenceChanged,
    MeterReported,
)
from prewatt_common.contracts.mqtt_v1 import MqttEventKind
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

MeterEvent: TypeAlias = CommandProgressed | MeterPresenceChanged | MeterReported


class TakeMeterEvents:
    """Records how commands progress and what is heard of relays; reviews the accounts that these
    concern: those that the meters serve now, whoever they served when they were commanded."""

    def __init__(self, *, review: SupplyReview, clock: Clock) -> None:
        self._review = review
        self._clock = clock

    async def __call__(
        self, unit: Unit, batch: Sequence[Delivered[MeterEvent]]
    ) -> Callable[[], None]:
        """Handle ``batch``."""
        now = self._clock()
        events = [event for event, _ in batch]
        progress = [_progress(each) for each in events if isinstance(each, CommandProgressed)]
        recorded = await unit.relays.record_progress(progress)
        finished = [each for each in recorded if each.finished_at is not None]
        reports = [each for each in events if isinstance(each, MeterReported)]
        await note_keys(unit, reports, now=now)
        restless = await self._hear(unit, events)
        told = [
            each
            for each in events
            if isinstance(each, CommandProgressed)
            or (isinstance(each, MeterReported) and each.relay is not None)
        ]
        measured = [each for each in reports if (each.voltage_mv or 0) >= SUPPLIED_MV]
        meter_ids = sorted({each.meter_id for each in (*told, *measured)} | set(restless))
        concerned = {each.account_id for each in finished}
        supplied: Mapping[str, Supplied] = {}
        if meter_ids:
            serving = await hold_served(unit, meter_ids, also=concerned, now=now)
            # That a command was sent tells nothing of its relay.
            moved = {each.meter_id for each in told if _moves(each)} | set(restless)
            concerned |= {serving[each] for each in moved if each in serving}
            relays = await self._move(unit, told, now=now)
            await _follow(unit, told, serving, relays, now=now)
            supplied = await _note_voltage(unit, measured, now=now)
            concerned |= {serving[each] for each in supplied if each in serving}
        if concerned:
            finished_at = (each.finished_at for each in finished if each.finished_at)
            caused_at = min(finished_at, default=now)
            await self._review(unit, list(concerned), now=now, caused_at=caused_at)
        succeeded = [each for each in finished if each.status is CommandStatus.SUCCEEDED]
        return lambda: _observe(succeeded, supplied.values())

    async def _hear(self, unit: Unit, events: Sequence[MeterEvent]) -> Sequence[str]:
        """The meters that came or went whose relays are not where they should be."""
        heard = [
            Heard(each.meter_id, each.presence, each.at)
            for each in events
            if isinstance(each, MeterPresenceChanged)
        ]
        if not heard:
            return []
        return await unit.relays.heard(heard, absence_borne=ABSENCE_BORNE)

    async def _move(
        self, unit: Unit, told: Sequence[CommandProgressed | MeterReported], *, now: datetime
    ) -> Mapping[str, Relay]:
        """Relays are where they were read back, in the order in which it was heard."""
        before = {
            each.meter_id: each
            for each in await unit.relays.of_meters(sorted({each.meter_id for each in told}))
        }
        relays = dict(before)
        for each in told:
            relays[each.meter_id] = _after(relays[each.meter_id], each, now=now)
        changed = [each for meter_id, each in relays.items() if each != before[meter_id]]
        await unit.relays.save(changed)
        return relays


async def _follow(
    unit: Unit,
    told: Sequence[CommandProgressed | MeterReported],
    serving: Serving,
    relays: Mapping[str, Relay],
    *,
    now: datetime,
) -> None:
    """How far reconnections came by what was told, and who moved a relay that was not to."""
    seen: list[Reached] = []
    by_hand: list[NewWorkOrder] = []
    for each in told:
        status = each.status if isinstance(each, CommandProgressed) else None
        if isinstance(each, CommandProgressed):
            if each.action in (RelayAction.DISCONNECT, RelayAction.LIMIT):
                continue
        elif each.kind is MqttEventKind.RELAY_MOVED_BY_LOAD_LIMIT:
            # It closes by itself, and the limit stays.
            continue
        stage = stage_of_news(status=status, relay=each.relay)
        is_answer = isinstance(each, CommandProgressed)
        at = each.at if is_answer else _told_at(relays[each.meter_id], each, now=now)
        if stage is not None:
            is_by_code = not is_answer and each.kind is MqttEventKind.RELAY_MOVED_BY_CODE
            seen.append(Reached(each.meter_id, stage, at, is_answer, is_by_code))
        if isinstance(each, MeterReported) and each.kind is MqttEventKind.RELAY_MOVED_BY_HAND:
            by_hand.append(
                NewWorkOrder(
                    kind=WorkOrderKind.RELAY_MOVED_BY_HAND,
                    meter_id=each.meter_id,
                    account_id=serving.get(each.meter_id),
                    reason=f"the meter says that its relay was moved by hand, and is {each.relay}",
                    evidence={"at": each.at.isoformat(), "relay": each.relay},
                    known_until=at,
                )
            )
    await note_reached(unit=unit, seen=seen)
    await open_orders(unit=unit, orders=by_hand, at=now)


async def _note_voltage(
    unit: Unit, measured: Sequence[MeterReported], *, now: datetime
) -> Mapping[str, Supplied]:
    """Voltage behind a relay that is to close proves that it is closed, whatever became of the
    answers. Of another relay it proves nothing: a customer may have a generator. Gives those
    that supply by it."""
    if not measured:
        return {}
    found = await unit.relays.of_meters(sorted({each.meter_id for each in measured}))
    relays = {each.meter_id: each for each in found}
    seen = [
        Reached(
            each.meter_id,
            ReconnectionStage.LOAD,
            _told_at(relays[each.meter_id], each, now=now),
            is_answer=False,
        )
        for each in measured
    ]
    supplied = await note_reached(unit=unit, seen=seen)
    await unit.relays.save(
        [
            after_report(relays[each], RelayState.CLOSED, at=now, by=ObservedFrom.VOLTAGE)
            for each in sorted(supplied)
        ]
    )
    return supplied


_UNASKED = (MqttEventKind.RELAY_MOVED_BY_HAND, MqttEventKind.RELAY_MOVED_BY_BUTTON)


def _after(relay: Relay, event: CommandProgressed | MeterReported, *, now: datetime) -> Relay:
    if isinstance(event, CommandProgressed):
        return after_progress(relay, _progress(event), now=now)
    assert event.relay is not None
    at = _told_at(relay, event, now=now)
    if event.kind is MqttEventKind.RELAY_MOVED_BY_LOAD_LIMIT:
        return after_limiter(relay, event.relay, at=at)
    by = ObservedFrom.UNASKED if event.kind in _UNASKED else ObservedFrom.REPORT
    return after_report(relay, event.relay, at=at, by=by)


def _told_at(relay: Relay, event: MeterReported, *, now: datetime) -> datetime:
    return told_at(relay, at=event.at, received_at=event.received_at, now=now)


def _moves(event: CommandProgressed | MeterReported) -> bool:
    return (
        isinstance(event, MeterReported)
        or event.relay is not None
        or RANK[event.status] >= FINISHED_RANK
    )


def _progress(event: CommandProgressed) -> CommandProgress:
    """A success counts only with the relay read back as asked."""
    status = event.status
    read_back = None if event.relay is None else OBSERVED[event.relay]
    if status is CommandStatus.SUCCEEDED and read_back not in AFTER[event.action]:
        status = CommandStatus.FAILED
    return CommandProgress(
        command_id=event.command_id,
        meter_id=event.meter_id,
        status=status,
        relay=event.relay,
        detail=event.detail,
        at=event.at,
    )


def _observe(succeeded: Sequence[CommandRecorded], supplied: Collection[Supplied]) -> None:
    for one in supplied:
        observe_times(one.before, one.after)
    for each in succeeded:
        assert each.finished_at is not None
        SUPPLY_CHANGES.labels(each.action).inc()
        COMMAND_SECONDS.labels(each.action).observe(
            (each.finished_at - each.caused_at).total_seconds()
        )
