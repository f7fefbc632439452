"""Why a condition is refused."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownCondition(Refusal):
    """There is no such condition."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-condition"


class InvalidCondition(Refusal):
    """It cannot be told of that, or for so long."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "invalid-condition"


class ConditionConflict(Refusal):
    """The same reference was told with another end."""

    kind = "condition-conflict"
