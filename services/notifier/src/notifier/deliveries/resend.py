"""Use case: a person has a notice said anew, such as to a number that was put right.

Only while it is true and in its time: whoever has paid is not reminded because a clerk asks. The
new notice has the same cause, so that its delivery is the evidence that the first one's would have
been.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from notifier.deliveries.ports import OpenResends
from notifier.deliveries.refusals import NotResent, OtherRequest, UnknownNotice
from notifier.deliveries.values import Resend, Standing
from notifier.notices.making import make_notice
from notifier.notices.values import Status
from prewatt_common.clock import Clock
from prewatt_common.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendOrder:
    """Who wants which notice said anew, why, and under which Idempotency-Key."""

    notice_id: UUID
    by: str
    reason: str
    key: str


class ResendNotice:
    """Queues the notice anew, to what the contact says now."""

    def __init__(
        self, *, open_resends: OpenResends, clock: Clock, committed: Callable[[], None]
    ) -> None:
        self._open_resends = open_resends
        self._clock = clock
        self._committed = committed

    async def __call__(self, order: ResendOrder) -> Resend:
        """Under one key once. Raises `UnknownNotice`, `NotResent` or `OtherRequest`."""
        async with self._open_resends() as store:
            account_id = await store.account_of(order.notice_id)
            if account_id is None:
                message = f"there is no notice {order.notice_id}"
                raise UnknownNotice(message)
            # First the lock: no payment slips in between, and no other request.
            await store.hold_account(account_id)
            known = await store.asked(by=order.by, key=order.key)
            if known is not None:
                return _repeated(known, order)
            now = self._clock()
            standing = await store.standing(order.notice_id)
            old = standing.notice
            contact = await store.contact(account_id, old.role)
            why_not = _why_not(standing, over=now >= old.expires_at)
            if why_not is None and (contact is None or not contact.channels):
                why_not = "whom it is for has no contact, or wants no notices"
            if why_not is not None or contact is None:
                message = f"notice {old.id} is not said anew: {why_not}"
                raise NotResent(message)
            made = make_notice(
                cause_id=old.cause_id,
                template=old.template,
                contact=contact,
                channel=contact.next_channel(()),
                facts=old.facts,
                settled_above_micro=old.settled_above_micro,
                position=standing.last_position + 1,
                now=now,
                expires_at=old.expires_at,
            )
            # By its channel alone it would be the old one.
            made = replace(made, id=new_id())
            resend = Resend(
                id=made.id, of=old.id, key=order.key, by=order.by, reason=order.reason, at=now
            )
            await store.add(made, now=now)
            await store.note(resend)
        self._committed()
        return resend


def _repeated(known: Resend, order: ResendOrder) -> Resend:
    if (known.of, known.reason) == (order.notice_id, order.reason):
        return known
    message = (
        f"the Idempotency-Key {order.key} came before with notice {known.of}, which was said anew "
        f"as {known.id}"
    )
    raise OtherRequest(message)


def _why_not(standing: Standing, *, over: bool) -> str | None:
    status = standing.notice.status
    if status is Status.SUPPRESSED:
        return "the customer wanted no notices"
    if standing.notice.campaign_id is not None:
        return "it is a campaign's, which tells each account once"
    if standing.overtaken or status is Status.WITHDRAWN:
        return "it is true no more: a payment, or a newer state of the account, came since"
    if standing.on_its_way:
        return "it is on its way, over this channel or the next"
    return "its time is over: it tells of what was, and may not be so any more" if over else None
