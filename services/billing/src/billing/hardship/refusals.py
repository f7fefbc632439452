"""Why what a person asks of hardship is refused."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownFlag(Refusal):
    """There is no such flag, or it is forgotten by now."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-hardship-flag"


class InvalidDocument(Refusal):
    """It is no policy; the message says what in it."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "invalid-hardship-policy"


class OtherRequest(Refusal):
    """The Idempotency-Key came before with something else."""

    kind = "idempotency-key-used"
