"""Why something about a debt is refused."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownDebt(Refusal):
    """There is no such debt."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-debt"


class PlanRefused(Refusal):
    """The debt cannot be paid off so."""

    kind = "plan-refused"


class PauseRefused(Refusal):
    """The debt cannot be paused so."""

    kind = "pause-refused"


class WriteOffRefused(Refusal):
    """It cannot be written off so."""

    kind = "write-off-refused"
