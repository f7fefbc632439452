"""What a webhook may be, how it is signed (Standard Webhooks 1.0), and what answers mean."""

import hmac
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from urllib.parse import urlsplit
from uuid import UUID

from standardwebhooks.webhooks import Webhook as Signer

from notifier.channels.addresses import Reach, address_in
from notifier.webhooks.values import Reached

_WAIT = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
"""It says nothing of this message: all wait."""
_PORTS = range(1, 65536)


def secret_of(webhook_id: UUID, number: int, *, key: bytes) -> str:
    """The ``number``-th secret of a webhook. It follows from ``key`` and is kept nowhere: whoever
    reads the database can sign nothing."""
    message = b"webhook secret" + webhook_id.bytes + number.to_bytes(4, "big")
    return "whsec_" + b64encode(hmac.new(key, message, sha256).digest()).decode("ascii")


def signed_headers(
    event_id: UUID, body: str, *, secrets: Sequence[str], now: datetime
) -> Mapping[str, str]:
    """``webhook-id`` is the event's id, the same at every attempt. Signed with each secret that
    holds, newest first, so that a receiver may know either while it changes over."""
    message_id = str(event_id)
    signatures = [Signer(secret).sign(message_id, now, body) for secret in secrets]
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def reached_by(status: int) -> Reached:
    """What an answer says. All but 2xx is tried again, a redirect too: it is not followed.

    >>> [reached_by(each).value for each in (204, 302, 400, 410, 429)]
    ['delivered', 'later', 'later', 'gone', 'down']
    """
    if 200 <= status < 300:
        return Reached.DELIVERED
    if status == HTTPStatus.GONE:
        return Reached.GONE
    return Reached.DOWN if status in _WAIT else Reached.LATER


def wrong_url(url: str, reach: Reach) -> str | None:
    """Why a URL is none that could be asked; none where it may do. What its host's name means is
    looked at whenever it is asked.

    >>> wrong_url("https://10.0.0.7/hook", Reach())
    '10.0.0.7 is an address that is not public'
    """
    if not url.isascii() or any(each.isspace() or not each.isprintable() for each in url):
        return "a URL is of printable ASCII; another alphabet is written in its own encoding"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        return f"it is no URL: {error}"
    wrong = None
    address = address_in(host)
    if not host or (port is not None and port not in _PORTS):
        wrong = "it names no host, or no port that there is"
    elif parts.scheme != "https" and not (parts.scheme == "http" and reach.networks):
        wrong = "it begins with https://, so that nobody reads what is told on the way"
    elif parts.username is not None or parts.password is not None or parts.fragment:
        wrong = "it holds no user, password or fragment"
    elif host == "localhost" and not reach.networks:
        wrong = f"{host} is an address that is not public"
    elif address is not None and not reach.permits(address):
        wrong = f"{address} is an address that is not public"
    return wrong
