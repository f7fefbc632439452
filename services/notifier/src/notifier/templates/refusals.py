"""Why a text is refused."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class InvalidText(Refusal):
    """It would not do as a text; each finding says where and why."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "invalid-text"


class UnknownText(Refusal):
    """There is no such text."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-text"


class UnknownNotice(Refusal):
    """There is no such notice."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-notice"


class TextRefused(Refusal):
    """It cannot be published, withdrawn or tried so."""

    kind = "text-refused"


class OtherRequest(Refusal):
    """The Idempotency-Key came before with something else."""

    kind = "idempotency-key-used"


class TooManyTests(Refusal):
    """A test goes to a person's phone, and costs money."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    kind = "too-many-tests"


class TestNotSent(Refusal):
    """The channel did not take it."""

    __test__ = False

    status = HTTPStatus.BAD_GATEWAY
    kind = "test-not-sent"
