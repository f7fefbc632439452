"""Why emergency credit cannot be accepted."""

from prewatt_common.refusals import Refusal


class EmergencyCreditRefused(Refusal):
    """There is none to accept; the message says why."""

    kind = "emergency-credit-refused"


class KeyUsedBefore(Refusal):
    """The Idempotency-Key came before with another acceptance or account."""

    kind = "idempotency-key-used"
