"""What the gateway's answer means."""

import json
from contextlib import suppress
from typing import Any

from notifier.channels.gateway.values import AnswerMapping
from notifier.channels.http_peer import failure_of
from notifier.channels.places import Missing, fill, of_document
from notifier.channels.ports import PeerDown, PermanentFailure, TransientFailure

_ANSWER_MAX = 200


def accepted_as(mapping: AnswerMapping, *, status: int, body: str) -> str:
    """The gateway's number of the message, empty where it gives none. Raises what a refusal means.

    Without a code in the answer its HTTP status speaks: a proxy on the way has no codes.
    """
    document: Any = None
    with suppress(ValueError):
        document = json.loads(body)
    value_of = of_document(document)

    def said(pattern: str) -> str:
        try:
            return fill(pattern, value_of)
        except Missing:
            return ""

    code = said(mapping.code) if mapping.code else ""
    if code and code not in mapping.accepted:
        detail = f"the gateway answers {code} {said(mapping.detail)}".strip()[:_ANSWER_MAX]
        if code in mapping.refused:
            raise PermanentFailure(detail)
        raise PeerDown(detail) if code in mapping.ours else TransientFailure(detail)
    if not 200 <= status < 300:
        raise failure_of(status, body)
    if mapping.code and not code:
        raise TransientFailure(f"the gateway answers without a code: {body[:_ANSWER_MAX]}")
    return said(mapping.message_id) if mapping.message_id else ""
