"""The numbers of calls, among those of other gateways' messages."""

_BEFORE = "voice:"


def known_as(call_id: str) -> str:
    """How a gateway's number of a call is kept: an SMS gateway may use the same number.

    >>> known_as("17")
    'voice:17'
    """
    return f"{_BEFORE}{call_id}"
