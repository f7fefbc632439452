"""Why a door notice is not written down."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownNotice(Refusal):
    """There is no such notice."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-notice"


class UnknownAccount(Refusal):
    """Nobody has told of it."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-account"


class UnknownDoorNotice(Refusal):
    """There is no such record, or its photo is kept no more."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-door-notice"


class NotBrought(Refusal):
    """It cannot have been brought so."""

    kind = "not-brought"


class NothingToConfirm(Refusal):
    """It came in time, or was confirmed before."""

    kind = "nothing-to-confirm"


class OtherRequest(Refusal):
    """The Idempotency-Key came before with something else."""

    kind = "idempotency-key-used"
