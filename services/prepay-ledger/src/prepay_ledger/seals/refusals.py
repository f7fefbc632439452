"""Why a proof is refused."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class NotSealed(Refusal):
    """No such day is sealed, or no such row is in it."""

    status = HTTPStatus.NOT_FOUND
    kind = "not-sealed"
