"""Why something about a payout is refused."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownPayout(Refusal):
    """No such payout."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-payout"


class PayoutNotSo(Refusal):
    """The payout, or the line of the bank, is in a state in which that is not done."""

    kind = "payout-not-so"


class KeyUsedBefore(Refusal):
    """The Idempotency-Key came before with something else."""

    kind = "idempotency-key-used"
