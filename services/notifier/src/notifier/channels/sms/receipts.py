"""Where Kannel reports what became of a message, and what its report says."""

import hmac
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from notifier.channels.ports import Verdict

ASKED = "19"
"""Kannel's ``dlr-mask``: delivered (1), not delivered (2), refused by the SMS centre (16)."""
_VERDICTS = {1: Verdict.DELIVERED, 2: Verdict.BOUNCED, 16: Verdict.BOUNCED}


@dataclass(frozen=True, slots=True)
class ReceiptAddress:
    """``base_url`` is the notifier as the gateway reaches it. Each notice has a signed address of
    its own, so that whoever does not have it can report nothing."""

    base_url: str
    secret: bytes

    def of(self, notice_id: UUID) -> str:
        """Kannel puts its report in place of ``%d``."""
        base = self.base_url.rstrip("/")
        return f"{base}/v1/receipts/sms/{notice_id}/{self._signature(notice_id)}?status=%d"

    def is_ours(self, notice_id: UUID, signature: str) -> bool:
        """Whether we have signed it."""
        return hmac.compare_digest(self._signature(notice_id).encode(), signature.encode())

    def _signature(self, notice_id: UUID) -> str:
        return hmac.new(self.secret, notice_id.bytes, sha256).hexdigest()


def verdict_of(report: int) -> Verdict | None:
    """None for what says that the message is on its way."""
    return _VERDICTS.get(report)
