"""The meter's side of reconnection codes: what is typed in at it, against what it was made with.

Written from the description in the ledger's `relays/site_code.py`, as a maker's firmware would be.
"""

import hashlib
import hmac


def secret_at_the_factory(master: bytes, meter_id: str) -> bytes:
    """What the utility has a meter made with."""
    text = b"prewatt site code 1" + bytes(1) + meter_id.encode("ascii")
    return hmac.new(master, text, hashlib.sha256).digest()


class CodePad:
    """Where codes are typed in. ``counter``: the first that is still good."""

    __slots__ = ("_secret", "counter")

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self.counter = 0

    def type_in(self, text: str) -> int | None:
        """The counter that a code was good for, and is not any more; none where it is refused."""
        code = text.replace(" ", "")
        if len(code) != 16 or not (code.isascii() and code.isdigit()):
            return None
        counter = self.counter + (int(code[:2]) - self.counter) % 100
        if not hmac.compare_digest(f"{self._number(counter):014d}", code[2:]):
            return None
        self.counter = counter + 1
        return counter

    def _number(self, counter: int) -> int:
        text = b"reconnect" + bytes(1) + counter.to_bytes(8, "big")
        mac = hmac.new(self._secret, text, hashlib.sha256).digest()
        begin = mac[31] % 16
        return (int.from_bytes(mac[begin : begin + 8], "big") % 2**63) % 10**14
