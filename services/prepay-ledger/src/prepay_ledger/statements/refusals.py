"""Why no statement is shown."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownStatement(Refusal):
    """No such statement."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-statement"
