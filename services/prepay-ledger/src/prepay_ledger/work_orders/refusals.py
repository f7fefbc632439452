"""Why closing a work order is refused."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownWorkOrder(Refusal):
    """There is no such work order."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-work-order"


class WorkOrderClosedBefore(Refusal):
    """It was closed before, otherwise than is asked now."""

    kind = "work-order-closed"
