"""Why something about a list of cuts is refused."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownCutList(Refusal):
    """There is no such list."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-cut-list"


class CutListRefused(Refusal):
    """It cannot be drafted or approved so; the message says why."""

    kind = "cut-list-refused"
