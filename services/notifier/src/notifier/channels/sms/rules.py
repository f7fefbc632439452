"""How a text is coded, and which answers of the gateway are final."""

from http import HTTPStatus

from notifier.channels.ports import PeerDown, PermanentFailure, TransientFailure
from notifier.channels.segments import Alphabet

CODINGS = {Alphabet.GSM: "0", Alphabet.UCS2: "2"}
"""Kannel's ``coding``."""

_ABOUT_US = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
}
"""Refusals of the sender and not of the notice: somebody puts them right, then it goes."""
_NOT_NOW = {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
"""The gateway has nobody to hand it to, whatever it is."""
_ANSWER_MAX = 200


def failure_of(status_code: int, answer: str) -> PermanentFailure | TransientFailure:
    """HTTP's 4xx refuses the notice, unless it is about us; anything else may pass."""
    detail = f"{status_code} {answer.strip()[:_ANSWER_MAX]}"
    if status_code in _ABOUT_US or status_code in _NOT_NOW:
        return PeerDown(detail)
    return PermanentFailure(detail) if 400 <= status_code < 500 else TransientFailure(detail)
