"""Why a mandate is not opened, changed or ended, and a request not closed."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownMandate(Refusal):
    """No such mandate."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-mandate"


class UnknownTopUpRequest(Refusal):
    """No such request."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-top-up-request"


class UnknownRequester(Refusal):
    """No provider of that name can be asked for money."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "unknown-provider"


class InvalidMandate(Refusal):
    """It makes no sense, or holds what it must not."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "invalid-mandate"


class MandateExists(Refusal):
    """The account has another one that is not ended."""

    kind = "mandate-exists"


class MandateIsEnded(Refusal):
    """It was ended: the customer agrees to a new one."""

    kind = "mandate-ended"


class NeedsConsent(Refusal):
    """The customer has not agreed to that."""

    kind = "needs-consent"


class NotUnanswered(Refusal):
    """What became of the request is known, or is still waited for."""

    kind = "top-up-request-not-unanswered"


class OtherRequest(Refusal):
    """The Idempotency-Key came before with something else."""

    kind = "idempotency-key-used"
