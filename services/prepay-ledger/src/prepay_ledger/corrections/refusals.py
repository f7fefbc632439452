"""Why a correction run is refused."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownRun(Refusal):
    """There is no such correction run."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-correction"


class CorrectionRefused(Refusal):
    """The version cannot be corrected so, or the run is not where that can be done."""

    kind = "correction-refused"


class PreviewOutOfDate(Refusal):
    """What was shown holds no more; it is worked out again."""

    kind = "preview-out-of-date"
