"""A bank of batch debits beside providers that are asked at once: a mandate may name it, and nobody
asks it but by a file."""

from prepay_ledger.payment_requests.values import Answer, NoAnswer, PaymentRequest

_REFERENCE_CHARACTERS_MAX = 35


class ByFile:
    """A `Requester`."""

    def refused_reference(self, reference: str) -> str | None:
        """The mandate's own reference, as every file names it."""
        if len(reference) > _REFERENCE_CHARACTERS_MAX:
            return f"a bank takes {_REFERENCE_CHARACTERS_MAX} characters at most"
        return None

    async def ask(self, request: PaymentRequest) -> Answer:
        """Never: `debit_files` does."""
        return NoAnswer(f"request {request.id} goes by a file", is_there=True)
