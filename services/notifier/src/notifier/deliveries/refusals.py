"""Why a notice is not said anew."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownNotice(Refusal):
    """There is no such notice."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-notice"


class NotResent(Refusal):
    """It would not be true, or comes anyway."""

    kind = "not-resent"


class OtherRequest(Refusal):
    """The Idempotency-Key came before with something else."""

    kind = "idempotency-key-used"


class NotSaid(Refusal):
    """There are no words of it."""

    kind = "not-said"


class NotParked(Refusal):
    """No such notice is parked."""

    status = HTTPStatus.NOT_FOUND
    kind = "not-parked"
