"""Use case: a link is ended before its time."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from prepay_ledger.pay_links.ports import Unit
from prepay_ledger.pay_links.refusals import UnknownPayLink
from prepay_ledger.pay_links.values import PayLink


async def revoke_link(
    *, unit: Unit, link_id: UUID, who: str, reason: str, now: datetime
) -> PayLink:
    """Nothing is begun by it any more; what was begun may still be paid, and is credited. One that
    was revoked stays as it is. Raises `UnknownPayLink`."""
    link = await unit.pay_links.lock(link_id)
    if link is None:
        message = f"there is no pay link {link_id}"
        raise UnknownPayLink(message)
    if link.revoked_at is not None:
        return link
    after = replace(link, revoked_at=now, revoked_by=who, revoked_reason=reason)
    await unit.pay_links.revoke(after)
    return after
