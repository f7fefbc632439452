"""Why a hold of cuts, or the undoing of cuts, is refused."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownHold(Refusal):
    """There is no such hold."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-cut-hold"


class UnknownUndo(Refusal):
    """There is no such undo."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-cut-undo"


class HoldRefused(Refusal):
    """It would hold nothing."""

    kind = "cut-hold-refused"


class UndoRefused(Refusal):
    """The undo is not where that can be done, or there is nothing to undo."""

    kind = "cut-undo-refused"
