"""Why a segment is refused."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class InvalidSegment(Refusal):
    """What is asked for does not fit together."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "invalid-segment"


class HardshipIsNoSegment(Refusal):
    """Whether a household goes without is for people who call it, and never a mailing list."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "hardship-is-no-segment"
