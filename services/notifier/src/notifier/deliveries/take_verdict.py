"""Use case: a receipt or a bounce says what became of a notice that a peer has accepted."""

from uuid import UUID

from notifier.channels.ports import Verdict
from notifier.contacts.values import Channel
from notifier.deliveries.park_notice import ParkNotice
from notifier.deliveries.ports import OpenDeliveries
from notifier.deliveries.settling import settle
from notifier.deliveries.values import NoticeBroken, Said, as_kept
from notifier.metrics import NOTICES
from prewatt_common.clock import Clock


class TakeVerdict:
    """Writes it down with its event, and gives what came back to the next channel while it is true.

    The same again changes nothing, and what came back is not delivered any more. Where the notice
    cannot be read it is kept until that can be: whoever said it does not say it again.
    """

    def __init__(self, *, open_deliveries: OpenDeliveries, park: ParkNotice, clock: Clock) -> None:
        self._open_deliveries = open_deliveries
        self._park = park
        self._clock = clock

    async def __call__(
        self, notice_id: UUID, verdict: Verdict, *, reason: str, channel: Channel | None = None
    ) -> bool:
        """Whether there is such a notice, over ``channel`` where that is named."""
        reason = as_kept(reason)
        try:
            return await self._take(notice_id, verdict, reason=reason, channel=channel)
        except NoticeBroken as broken:
            await self._park(
                broken.notice_id,
                broken.error,
                doing=broken.doing,
                peer_has_it=True,
                said=Said(verdict, reason),
            )
            return True

    async def _take(
        self, notice_id: UUID, verdict: Verdict, *, reason: str, channel: Channel | None
    ) -> bool:
        now = self._clock()
        async with self._open_deliveries() as store:
            account_id = await store.account_of(notice_id, channel)
            if account_id is None:
                return False
            await store.hold_account(account_id)
            notice = await settle(store, notice_id, verdict, reason=reason, now=now)
        if notice is not None:
            NOTICES.labels(notice.channel, notice.status).inc()
        return True
