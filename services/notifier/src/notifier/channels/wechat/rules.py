"""What WeChat's codes mean for a notice."""

import msgspec

from notifier.channels.http_peer import failure_of
from notifier.channels.ports import PeerDown, PermanentFailure, TransientFailure

TOKEN_WRONG = frozenset({40001, 40014, 42001})
"""The access token does not hold any more: there is another one."""
_FINAL = frozenset({40003, 43004, 43019, 43101})
"""Of the reader: no such id, does not follow the account, refuses its messages."""
_OURS = frozenset({-1, 40002, 40013, 40125, 40164, 41004, 45009, 45011, 48001, 50002, 61024, 89503})
"""Of our account, its quota or WeChat itself: all wait. What is of one template may pass."""
_ANSWER_MAX = 200


class TokenWrong(Exception):
    """See `TOKEN_WRONG`."""


class _Answer(msgspec.Struct, frozen=True):
    errcode: int = 0
    errmsg: str = ""
    msgid: int | None = None
    access_token: str = ""
    expires_in: int = 0


def accepted(*, status: int, body: str) -> None:
    """Raises `TokenWrong`, or what a refusal means."""
    answer = _read(status, body)
    if answer.errcode in TOKEN_WRONG:
        raise TokenWrong(f"WeChat answers {answer.errcode}: {answer.errmsg}")
    _check(answer)
    if answer.msgid is None:
        raise TransientFailure("WeChat answers without a number of the message")


def token_in(*, status: int, body: str) -> tuple[str, int]:
    """The access token, and for how many seconds it holds. A refusal is of us, whatever it is."""
    try:
        answer = _read(status, body)
        _check(answer)
    except (PermanentFailure, TransientFailure) as error:
        raise PeerDown(f"no access token: {error}") from error
    if not answer.access_token or answer.expires_in <= 0:
        raise PeerDown("no access token: WeChat answers without one")
    return answer.access_token, answer.expires_in


def _read(status: int, body: str) -> _Answer:
    if not 200 <= status < 300:
        raise failure_of(status, body)
    try:
        return msgspec.json.decode(body, type=_Answer)
    except msgspec.MsgspecError as error:
        raise TransientFailure("WeChat answers something else than its codes") from error


def _check(answer: _Answer) -> None:
    if answer.errcode == 0:
        return
    detail = f"WeChat answers {answer.errcode}: {answer.errmsg}"[:_ANSWER_MAX]
    if answer.errcode in _FINAL:
        raise PermanentFailure(detail)
    if answer.errcode in _OURS or answer.errcode in TOKEN_WRONG:
        raise PeerDown(detail)
    raise TransientFailure(detail)
