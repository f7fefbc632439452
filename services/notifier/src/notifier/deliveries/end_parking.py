"""Use case: a person lets a parked notice go again, or drops it."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from notifier.deliveries.ports import OpenParking, ParkingStore
from notifier.deliveries.refusals import NotParked, OtherRequest
from notifier.deliveries.values import ParkedEnd, ParkedStep, as_kept
from notifier.metrics import NOTICES
from notifier.notices import events
from notifier.notices.values import Notice, Status
from prewatt_common.clock import Clock
from prewatt_common.ids import new_id


class EndParking:
    """Once under an Idempotency-Key. Who decided so, and why, is kept. ``join_receipts``: has what
    was said of the notice's messages count, where it was kept as nobody could read the notice."""

    def __init__(
        self,
        *,
        open_parking: OpenParking,
        join_receipts: Callable[[UUID], Awaitable[object]],
        clock: Clock,
        committed: Callable[[], None],
    ) -> None:
        self._open_parking = open_parking
        self._join_receipts = join_receipts
        self._clock = clock
        self._committed = committed

    async def __call__(
        self, notice_id: UUID, what: ParkedEnd, *, by: str, reason: str, key: str
    ) -> ParkedStep:
        """A released one is due at once: where its time is over the next channel gets it, and one
        that an event has overtaken is withdrawn; one that a peer has is what its receipts say. One
        that is dropped is never sent, and told as failed. Raises `NotParked` or `OtherRequest`."""
        ended = None
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
            await store.unpark(step)
            if what is ParkedEnd.RELEASED:
                await store.let_go(notice_id, now=step.at)
            else:
                ended = await _dropped(store, step)
        if ended is not None:
            NOTICES.labels(ended.channel, ended.status).inc()
        if what is ParkedEnd.RELEASED:
            # No centre says again what it was told that we have.
            await self._join_receipts(notice_id)
        self._committed()
        return step


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
