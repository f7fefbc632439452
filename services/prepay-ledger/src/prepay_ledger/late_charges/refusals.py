"""Why late charges are not given up, or none are shown."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class NoLateCharge(Refusal):
    """Nothing was charged late for that statement, or there is no such statement."""

    status = HTTPStatus.NOT_FOUND
    kind = "no-late-charge"


class WaiverTooMuch(Refusal):
    """So much is not charged."""

    kind = "waiver-too-much"
