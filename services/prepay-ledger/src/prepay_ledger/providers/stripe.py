"""Stripe: `Stripe-Signature` over the raw bytes (docs.stripe.com/webhooks#verify-manually).

Stripe's library signs in our tests. It verifies only text, and takes a call from the future.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from prepay_ledger.providers.freshness import require_fresh, seconds_of
from prepay_ledger.providers.reading import Document, ProviderId, id_of_body
from prepay_ledger.providers.stripe_events import read_event
from prepay_ledger.providers.values import BadSignature, Reading, Verified

_HEADER = "stripe-signature"


class _Named(Document):
    id: ProviderId


@dataclass(frozen=True, slots=True)
class Stripe:
    """A `Provider`. ``secrets``: signing secrets of its endpoint, as they are printed."""

    secrets: Sequence[bytes]
    headers_kept = (_HEADER,)
    receipt = None

    def verified(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Verified:
        """The id is the event's own, ``evt_...``."""
        parts = [each.partition("=") for each in headers.get(_HEADER, "").split(",")]
        times = [value for name, _, value in parts if name.strip() == "t"]
        given = [value.strip() for name, _, value in parts if name.strip() == "v1"]
        if len(times) != 1 or not given:
            message = "Stripe-Signature must hold one t and a v1"
            raise BadSignature(message)
        require_fresh(seconds_of(times[0].strip(), name="t of Stripe-Signature"), now)
        signed = f"{times[0].strip()}.".encode() + body
        right = [hmac.digest(secret, signed, "sha256").hex().encode() for secret in self.secrets]
        if not any(hmac.compare_digest(one.encode(), each) for one in given for each in right):
            message = (
                "none of its v1 signatures is made with this endpoint's secret over these bytes; "
                "see that the secret is of this endpoint and of the same mode, test or live"
            )
            raise BadSignature(message)
        try:
            return Verified(_Named.model_validate_json(body).id, body)
        except ValidationError:
            return Verified(id_of_body(body), body)

    def opened(self, body: bytes) -> bytes:
        """Nothing is encrypted."""
        return body

    def read(self, plain: bytes) -> Reading:
        """Money of payment intents, charges, refunds and disputes."""
        return read_event(plain)
