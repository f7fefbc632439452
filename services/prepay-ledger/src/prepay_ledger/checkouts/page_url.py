"""Where payers may be sent: pages of hosts that the settings name. Pure."""

import logging
from collections.abc import Collection

import httpx

from prepay_ledger.checkouts.values import PageReady
from prepay_ledger.payment_requests.values import NoAnswer

logger = logging.getLogger(__name__)

_URL_CHARACTERS_MAX = 4_000


def origin_of(url: httpx.URL) -> str:
    """``https://host`` or ``https://host:port``; the host as it goes over the wire (``xn--...``):
    headers hold nothing else, and whatever is named can be written so."""
    port = "" if url.port is None else f":{url.port}"
    return f"{url.scheme}://{url.raw_host.decode('ascii')}{port}"


def page_ready(text: str, *, origins: Collection[str]) -> PageReady | NoAnswer:
    """The page, where it is one of ``origins``."""
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError):
        return NoAnswer("the answer names no page", is_there=True)
    if not text or len(text) > _URL_CHARACTERS_MAX or url.userinfo:
        return NoAnswer("the answer names no page", is_there=True)
    if origin_of(url) not in origins:
        logger.error(
            "a provider names a page at %s; page_hosts of its checkout allows %s: nobody is sent "
            "there",
            origin_of(url)[:200],
            ", ".join(sorted(origins)),
        )
        return NoAnswer("the answer names a page of another host", is_there=True)
    return PageReady(str(url))
