"""Use case: a person lets a parked notice go again, or drops it."""

import logging
from collections.abc import Callable
from uuid import UUID

from notifier.deliveries.ports import OpenParking, ParkingStore
from notifier.deliveries.refusals import NotParked, OtherRequest
from notifier.deliveries.settling import settle, settle_by_receipts
from notifier.deliveries.values import (
    NoticeBroken,
    ParkedEnd,
    ParkedStep,
    as_kept,
    set_aside,
)
from notifier.metrics import NOTICES
from notifier.notices import events
from notifier.notices.values import Notice, Status
from prewatt_common.clock import Clock
from prewatt_common.ids import new_id

logger = logging.getLogger(__name__)


class EndParking:
    """Once under an Idempotency-Key. Who decided so, and why, is kept."""

    def __init__(
        self,
        *,
        open_parking: OpenParking,
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        self._open_parking = open_parking
        self._clock = clock
        self._committed = committed

    async def __call__(
        self, notice_id: UUID, what: ParkedEnd, *, by: str, reason: str, key: str
    ) -> ParkedStep:
        """A released one is due at once: where its time is over the next channel gets it, and one
        that an event has overtaken is withdrawn; one that a peer has is what its receipts say. One
        that is dropped is never sent, and told as failed. Raises `NotParked` or `OtherRequest`."""
        async with self._open_parking() as store:
            # First the lock: the same request at the same time finds what the first one did.
            await store.hold()
            known = await store.asked(by=by, key=key)
            if known is not None:
                return _repeated(known, notice_id, what, reason)
            parked = await store.parked(notice_id)
            if parked is None:
                message = f"notice {notice_id} is not parked; see GET /v1/parked-notices"
                raise NotParked(message)
            step = ParkedStep(
                id=new_id(),
                parked=parked,
                what=what,
                key=key,
                by=by,
                reason=reason,
                at=self._clock(),
            )
            # In the order in which whoever takes a receipt locks: the account, then the notice.
            await store.hold_account_of(notice_id)
            await store.unpark(step)
            end = _released if what is ParkedEnd.RELEASED else _dropped
            ended = await end(store, step)
        if ended is not None:
            NOTICES.labels(ended.channel, ended.status).inc()
        self._committed()
        return step


async def _released(store: ParkingStore, step: ParkedStep) -> Notice | None:
    """What was said of it, or of its messages, while nobody could read it counts with that, or it
    stays parked: nobody says it again. One that cannot be read yet is set aside again."""
    notice_id, said = step.parked.notice_id, step.parked.said
    await store.let_go(notice_id, now=step.at)
    try:
        async with store.trying() as deliveries:
            if said is None:
                return await settle_by_receipts(deliveries, notice_id, now=step.at)
            return await settle(
                deliveries, notice_id, said.verdict, reason=said.reason, now=step.at
            )
    except NoticeBroken as broken:
        logger.exception("notice %s was let go and cannot be read: parked again", notice_id)
        await store.park(
            set_aside(
                notice_id,
                broken.error,
                doing=broken.doing,
                since=step.at,
                peer_has_it=True,
                said=said,
            )
        )
        return None


async def _dropped(store: ParkingStore, step: ParkedStep) -> Notice | None:
    reason = as_kept(f"dropped by {step.by}: {step.reason}")
    notice = await store.end(step.parked.notice_id, reason=reason, now=step.at)
    if notice is not None and notice.status is Status.FAILED:
        await store.publish(events.failed(notice, reason=reason, now=step.at))
    elif notice is not None and notice.status is Status.WITHDRAWN:
        await store.publish(events.withdrawn(notice, now=step.at))
    return notice


def _repeated(known: ParkedStep, notice_id: UUID, what: ParkedEnd, reason: str) -> ParkedStep:
    if (known.parked.notice_id, known.what, known.reason) == (notice_id, what, reason):
        return known
    message = (
        f"the Idempotency-Key {known.key} came before with notice {known.parked.notice_id}, which "
        f"was {known.what}"
    )
    raise OtherRequest(message)
