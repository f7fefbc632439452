"""Why a drawer is not counted, closed or handed over."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownCashDay(Refusal):
    """The seller took no cash there on that day."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-cash-day"


class UnknownCount(Refusal):
    """No such count."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-cash-count"


class UnknownHandOver(Refusal):
    """No such hand-over."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-cash-hand-over"


class NotADesk(Refusal):
    """The cash of that vendor is its own: it pays in."""

    kind = "not-a-desk"


class DayCounted(Refusal):
    """The day was counted before, otherwise."""

    kind = "cash-day-counted"


class DifferenceUnexplained(Refusal):
    """Cash is short or over, and no reason was given."""

    kind = "cash-difference-unexplained"


class CountDecided(Refusal):
    """The count closed its day, or was sent back, before."""

    kind = "cash-count-decided"


class OtherCash(Refusal):
    """It is not what the seller has in hand."""

    kind = "other-cash-in-hand"


class SlipHandedOver(Refusal):
    """The slip was handed over with before."""

    kind = "slip-handed-over"


class Received(Refusal):
    """The cash was received before, otherwise."""

    kind = "cash-received"


class OtherRequest(Refusal):
    """The Idempotency-Key came before with something else."""

    kind = "idempotency-key-used"
