"""Why a day is not compared, or a finding not resolved."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownCheck(Refusal):
    """The vendor has not told that day."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-account-check"


class UnknownLine(Refusal):
    """No such finding, or it was found no more when the day was told again."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-account-check-line"


class DayNotOver(Refusal):
    """Sales of that day may still come, or be taken back."""

    kind = "business-day-not-over"


class CheckDone(Refusal):
    """The day was compared, and nothing of it is left to resolve."""

    kind = "account-check-done"


class InParts(Refusal):
    """A day is told as a whole."""

    kind = "account-check-in-parts"


class LineResolved(Refusal):
    """The finding was resolved before, otherwise."""

    kind = "account-check-line-resolved"
