"""What a delivery receipt says: in its text, or beside it."""

import re
from dataclasses import dataclass
from enum import StrEnum

from notifier.channels.ports import Verdict

_RECEIPT = 0x04
_KIND_MASK = 0x3C
_STATES = {
    2: ("DELIVRD", Verdict.DELIVERED),
    3: ("EXPIRED", Verdict.BOUNCED),
    4: ("DELETED", Verdict.BOUNCED),
    5: ("UNDELIV", Verdict.BOUNCED),
    8: ("REJECTD", Verdict.BOUNCED),
}
"""SMPP's final states by number and by name. Others say that it is on its way, or nothing."""
_BY_NAME = {name[:5]: verdict for name, verdict in _STATES.values()}
"""By the first five letters: DELIVRD is also written DELIVERED."""
_ID = re.compile(rb"\bid:\s*(\S+)", re.IGNORECASE)
_STATE = re.compile(rb"\bstat:\s*([A-Za-z]+)", re.IGNORECASE)
_ERROR = re.compile(rb"\berr:\s*([0-9A-Za-z]+)", re.IGNORECASE)
_TEXT = re.compile(rb"\btext:", re.IGNORECASE)


class IdForm(StrEnum):
    """How a centre writes a message's number: many answer in one form and report in another."""

    TEXT = "text"
    HEX = "hex"
    DECIMAL = "decimal"

    def read(self, raw: str) -> str:
        """The same for a number in every form; what is no number stays as it is.

        >>> IdForm.HEX.read("1A2b"), IdForm.DECIMAL.read("0000006699"), IdForm.TEXT.read("1A2b")
        ('6699', '6699', '1A2b')
        """
        if self is IdForm.TEXT:
            return raw
        try:
            return str(int(raw, 16 if self is IdForm.HEX else 10))
        except ValueError:
            return raw


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message. Nothing of what the customer was told."""

    message_id: str
    verdict: Verdict | None
    """None while it is on its way."""
    reason: str


class ReceiptUnreadable(Exception):
    """It names no message or says nothing of it."""


def is_receipt(esm_class: int) -> bool:
    """Whether what came in is one; else a customer has written, or it is a note on the way."""
    return esm_class & _KIND_MASK == _RECEIPT


def receipt_of(
    body: bytes,
    *,
    receipted_message_id: bytes | None,
    message_state: int | None,
    answered_as: IdForm,
    reported_as: IdForm,
) -> Receipt:
    """What stands beside the text goes before the text: it has the form of the answer and no
    maker's own. Raises `ReceiptUnreadable`."""
    # What follows "text:" are the customer's words, whatever they look like.
    head = _TEXT.split(body, maxsplit=1)[0]
    said_id, said_state, said_error = _ID.search(head), _STATE.search(head), _ERROR.search(head)
    if receipted_message_id:
        message_id = answered_as.read(_plain(receipted_message_id))
    elif said_id:
        message_id = reported_as.read(_plain(said_id[1]))
    else:
        raise ReceiptUnreadable("a receipt that names no message")
    if message_state is not None:
        state, verdict = _STATES.get(message_state, (f"state {message_state}", None))
    elif said_state:
        state = _plain(said_state[1]).upper()
        verdict = _BY_NAME.get(state[:5])
    else:
        raise ReceiptUnreadable(f"a receipt of message {message_id} that says no state")
    error = f", error {_plain(said_error[1])}" if said_error else ""
    return Receipt(message_id, verdict, f"delivery receipt {state}{error}")


def _plain(raw: bytes) -> str:
    return raw.rstrip(b"\0").decode("latin-1").strip()
