"""Why something about a deposit is refused."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownDeposit(Refusal):
    """There is no such deposit."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-deposit"


class DepositRefused(Refusal):
    """It cannot be held, drawn or released so."""

    kind = "deposit-refused"


class KeyUsedBefore(Refusal):
    """The Idempotency-Key came before with something else."""

    kind = "idempotency-key-used"
