"""Use case: an SMS centre says what became of one of its messages."""

from datetime import datetime
from uuid import UUID

from notifier.channels.ports import Verdict
from notifier.deliveries.park_notice import ParkNotice
from notifier.deliveries.ports import OpenDeliveries
from notifier.deliveries.settling import settle_by_receipts
from notifier.deliveries.values import NoticeBroken, as_kept
from notifier.metrics import NOTICES
from prewatt_common.clock import Clock


class TakeReceipt:
    """Keeps it by the centre's number of the message, whether or not a notice is known for that:
    a receipt may overtake our own note of the acceptance, which looks for it then.

    A text is delivered once all of its messages are, and has come back as soon as one has. The same
    again changes nothing.
    """

    def __init__(self, *, open_deliveries: OpenDeliveries, park: ParkNotice, clock: Clock) -> None:
        self._open_deliveries = open_deliveries
        self._park = park
        self._clock = clock

    async def __call__(self, message_id: str, verdict: Verdict, *, reason: str) -> bool:
        """Whether it is known which notice it is of."""
        now = self._clock()
        # By itself: whoever notes an acceptance holds the account first and the message then.
        async with self._open_deliveries() as store:
            notice_id = await store.keep_receipt(
                as_kept(message_id), verdict, reason=as_kept(reason), now=now
            )
        if notice_id is None:
            return False
        try:
            return await self._join(notice_id, now=now)
        except NoticeBroken as broken:
            # The receipt is kept. It would end the link to the centre, which sends it again.
            await self._park(broken.notice_id, broken.error, doing=broken.doing, peer_has_it=True)
            return True

    async def _join(self, notice_id: UUID, *, now: datetime) -> bool:
        async with self._open_deliveries() as store:
            account_id = await store.account_of(notice_id)
            if account_id is None:
                return False
            # Of two receipts at a time the second sees the first.
            await store.hold_account(account_id)
            settled = await settle_by_receipts(store, notice_id, now=now)
        if settled is not None:
            NOTICES.labels(settled.channel, settled.status).inc()
        return True
