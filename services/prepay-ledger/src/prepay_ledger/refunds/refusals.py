"""Why something about a refund is refused."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownRefund(Refusal):
    """There is no such refund."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-refund"


class RefundRefused(Refusal):
    """It cannot be ordered so: the message says what is in the way."""

    kind = "refund-refused"


class RefundNotSo(Refusal):
    """The refund, or the line of the bank, is in a state in which that is not done."""

    kind = "refund-not-so"


class KeyUsedBefore(Refusal):
    """The Idempotency-Key came before with something else."""

    kind = "idempotency-key-used"
