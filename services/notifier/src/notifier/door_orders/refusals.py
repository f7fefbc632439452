"""Why an order is not said."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownDoorOrder(Refusal):
    """There is no such order."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-door-order"


class NotSayable(Refusal):
    """No text that there is can be said of it."""

    kind = "not-sayable"
