"""Use case: what a link lets its payer see and pay."""

from datetime import datetime

from prepay_ledger.pay_links.ports import HasPayLinks
from prepay_ledger.pay_links.refusals import LinkIsOver, UnknownPayLink
from prepay_ledger.pay_links.rules import state_of
from prepay_ledger.pay_links.tokens import token_sha256
from prepay_ledger.pay_links.values import LinkKeys, LinkState, Payable


async def look_at(
    unit: HasPayLinks, *, token: str | None, keys: LinkKeys, now: datetime, lock: bool = False
) -> Payable:
    """``token``: as `read_token` gives it. Raises `UnknownPayLink` or `LinkIsOver`."""
    found = (
        None
        if token is None
        else await unit.pay_links.payable(token_sha256(token), now=now, lock=lock)
    )
    if found is None:
        message = "there is no such link"
        raise UnknownPayLink(message)
    state = state_of(found.link, keys=keys, now=now)
    if state is not LinkState.VALID or found.is_closed:
        message = "this link is over"
        raise LinkIsOver(message)
    return found
