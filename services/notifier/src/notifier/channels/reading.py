"""What a customer has written, as text."""

from notifier.channels.gsm import gsm_text
from notifier.channels.ports import Coding


def text_of(octets: bytes, coding: Coding) -> str:
    """Never fails: what is no character of ``coding`` is replaced. What is no text is empty.

    >>> text_of("余额".encode("utf-16-be"), Coding.UCS2)
    '余额'
    """
    match coding:
        case Coding.GSM:
            return gsm_text(octets)
        case Coding.LATIN_1:
            return octets.decode("latin-1")
        case Coding.UCS2:
            return octets.decode("utf-16-be", "replace")
        case Coding.BINARY:
            return ""
