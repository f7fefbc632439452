"""Use case: one notice goes out, and what became of it is written down.

At least once: a crash between the peer's acceptance and our commit leaves the notice `sending`,
and it is sent again with the same id once its lease is over. Nothing on our side can tell whether
the peer had it; a customer told twice is better than one not told before a cut.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from notifier.channels.ports import ChannelPort, PeerDown, PermanentFailure, TransientFailure
from notifier.contacts.values import Channel
from notifier.deliveries.ports import DeliveryStore, OpenDeliveries
from notifier.deliveries.quiet import QuietHours
from notifier.deliveries.retries import RetryPolicy
from notifier.deliveries.settling import settle_by_receipts
from notifier.deliveries.succession import hand_on
from notifier.deliveries.values import Delivery, Hold, Outcome, SegmentPrice, as_kept, said_with
from notifier.metrics import ATTEMPTS, COST_MICRO, DELIVERY_SECONDS, NOTICES, SEGMENTS
from notifier.notices import events
from notifier.notices.values import Notice, Status
from notifier.templates.ports import Renderer, Unrenderable
from prewatt_common.clock import Clock
from prewatt_common.workers import being_cancelled

logger = logging.getLogger(__name__)

_PAUSED = timedelta(seconds=1)
_TAKEN = (Status.ACCEPTED, Status.DELIVERED)


class Deliver:
    """Sends one claimed notice and records the outcome with its event in one transaction."""

    def __init__(
        self,
        *,
        open_deliveries: OpenDeliveries,
        channels: Mapping[Channel, ChannelPort],
        renderer: Renderer,
        retries: RetryPolicy,
        quiet: QuietHours | None,
        zone: ZoneInfo,
        timeout_s: float,
        prices: Mapping[Channel, SegmentPrice],
        clock: Clock,
        jitter: Callable[[], float],
    ) -> None:
        self._open_deliveries = open_deliveries
        self._channels = channels
        self._renderer = renderer
        self._retries = retries
        self._quiet = quiet
        self._zone = zone
        self._timeout_s = timeout_s
        self._prices = prices
        self._clock = clock
        self._jitter = jitter

    async def send(self, delivery: Delivery) -> Outcome:
        """One attempt. Never raises: whatever a channel raises is the notice's fate, not ours."""
        outcome = await self._send(delivery)
        if outcome.attempt is not None:
            ATTEMPTS.labels(delivery.notice.channel, outcome.attempt).inc()
        return outcome

    async def _send(self, delivery: Delivery) -> Outcome:
        notice = delivery.notice
        channel = self._channels.get(notice.channel)
        if channel is None:
            return Outcome(f"the channel {notice.channel} is not configured here")
        wait = self._quiet_for(delivery)
        if wait is not None:
            return Outcome("waits for the end of quiet hours", wait)
        try:
            worded = self._renderer.render(
                notice, account_number=delivery.account_number, published=delivery.published
            )
        except Unrenderable as error:
            return Outcome(as_kept(str(error)))
        called_off = await self._called_off(notice)
        if called_off is not None:
            return called_off
        try:
            async with asyncio.timeout(self._timeout_s):
                acceptance = await channel.send(notice, worded.text)
        except (Exception, asyncio.CancelledError) as error:
            if being_cancelled():
                raise
            return self._failure(delivery, error)
        return Outcome(
            peer_answers=True,
            proof=acceptance.proof,
            segments=acceptance.segments,
            message_ids=acceptance.message_ids,
            said=said_with(worded),
        )

    async def _called_off(self, notice: Notice) -> Outcome | None:
        """Whether its campaign was stopped since it was claimed. The last thing before it leaves:
        whoever stopped it waits for those that have asked this before."""
        if notice.campaign_id is None:
            return None
        async with self._open_deliveries() as store:
            hold = await store.held_back(notice.campaign_id)
        if hold is Hold.PAUSED:
            # The next turn of the campaign withdraws what waits.
            return Outcome("its campaign is paused", _PAUSED)
        if hold is Hold.CANCELLED:
            return Outcome("its campaign was cancelled", is_called_off=True)
        return None

    def _quiet_for(self, delivery: Delivery) -> timedelta | None:
        # Here and not where a notice is made: one that is tried again must not wake anybody either.
        if self._quiet is None:
            return None
        now, notice = self._clock(), delivery.notice
        zone = ZoneInfo(delivery.timezone) if delivery.timezone else self._zone
        until = self._quiet.until(now, zone=zone, channel=notice.channel, template=notice.template)
        return None if until is None else until - now

    def _failure(self, delivery: Delivery, error: BaseException) -> Outcome:
        match error:
            case PermanentFailure():
                return Outcome(as_kept(str(error)), peer_answers=True)
            case PeerDown():
                return self._peer_down(str(error))
            case TransientFailure():
                return self._again(delivery, str(error), peer_answers=True)
            case TimeoutError():
                # It may be this notice that its peer hangs on: the next trial is of another one.
                reason = f"no answer in {self._timeout_s:g} s"
                return self._again(delivery, reason, peer_answers=False)
            case _:
                # Logged, and tried again until the notice's time is over.
                channel = delivery.notice.channel
                logger.error("the channel %s failed unexpectedly", channel, exc_info=error)
                return self._again(delivery, repr(error))

    async def record(self, delivery: Delivery, outcome: Outcome) -> bool:
        """Write the outcome down. Gives whether there is something for the outbox or the queue.

        Can be called again after a passing fault of the database.
        """
        now = self._clock()
        notice = delivery.notice
        settled = None
        async with self._open_deliveries() as store:
            if outcome.is_called_off:
                await store.leave_out(notice, now=now)
            if outcome.status is Status.FAILED or outcome.message_ids:
                # Another notice may take this one's place: a payment must not slip in between.
                await store.hold_account(notice.account_id)
            status = await store.finish(
                delivery,
                status=outcome.status,
                proof=outcome.proof,
                segments=outcome.segments,
                said=outcome.said,
                reason=outcome.reason,
                now=now,
                next_attempt_at=now + outcome.retry_after if outcome.retry_after else None,
            )
            if status in _TAKEN:
                await store.publish(events.accepted(notice, now=now))
                settled = await _settle_messages(store, notice, outcome.message_ids, now=now)
            if status is Status.DELIVERED and outcome.proof is not None:
                await store.publish(events.delivered(notice, proof=outcome.proof, now=now))
            elif status is Status.WITHDRAWN:
                await store.publish(events.withdrawn(notice, now=now))
            elif status is Status.FAILED:
                await hand_on(store, notice, now=now)
        _tell(delivery, status, outcome, now)
        if settled is not None:
            NOTICES.labels(settled.channel, settled.status).inc()
        if outcome.segments is not None:
            _count_segments(notice.channel, outcome.segments, self._prices.get(notice.channel))
        return status not in (None, Status.QUEUED)

    def _again(
        self, delivery: Delivery, reason: str, *, peer_answers: bool | None = None
    ) -> Outcome:
        pause = self._retries.pause_after(delivery.attempts, jitter=self._jitter())
        return Outcome(as_kept(reason), pause, peer_answers)

    def _peer_down(self, reason: str) -> Outcome:
        """The channel's breaker makes the pause: what waits goes as soon as the peer is back."""
        pause = self._retries.pause_after(1, jitter=self._jitter())
        return Outcome(as_kept(reason), pause, peer_answers=False)


async def _settle_messages(
    store: DeliveryStore, notice: Notice, message_ids: Sequence[str], *, now: datetime
) -> Notice | None:
    """Receipts that came before are of this notice. The caller holds the account."""
    if not message_ids:
        return None
    await store.join_messages(notice.id, message_ids, now=now)
    return await settle_by_receipts(store, notice.id, now=now)


def _count_segments(channel: Channel, segments: int, price: SegmentPrice | None) -> None:
    SEGMENTS.labels(channel).inc(segments)
    if price is not None:
        COST_MICRO.labels(channel, price.currency).inc(segments * price.micro)


def _tell(delivery: Delivery, status: Status | None, outcome: Outcome, now: datetime) -> None:
    """Metrics and a log line, once the outcome is committed."""
    notice = delivery.notice
    context = {
        "notice_id": str(notice.id),
        "account_id": str(notice.account_id),
        "template": notice.template,
        "channel": notice.channel,
        "attempts": delivery.attempts,
        "reason": outcome.reason,
    }
    if status is None:
        # Its lease ended first, or its receipt came first.
        logger.warning("a notice was settled before the outcome of this attempt", extra=context)
        return
    if status is Status.QUEUED:
        level = logging.INFO if outcome.peer_answers is None else logging.WARNING
        logger.log(level, "notice not delivered yet; it is tried again", extra=context)
        return
    if status is not Status.ACCEPTED:
        NOTICES.labels(notice.channel, status).inc()
    if status in _TAKEN:
        NOTICES.labels(notice.channel, Status.ACCEPTED).inc()
        latency_s = (now - delivery.created_at).total_seconds()
        DELIVERY_SECONDS.labels(notice.channel).observe(latency_s)
    logger.log(
        logging.ERROR if status is Status.FAILED else logging.INFO, f"notice {status}",
        extra=context,
    )  # fmt: skip
