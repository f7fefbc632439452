"""Why a settlement file, or what is asked about a difference, is refused."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownProvider(Refusal):
    """No such provider is configured."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-provider"


class SettlementRefused(Refusal):
    """The file cannot be read, or does not add up. Nothing of it was kept."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "settlement-refused"


class SettledDayNotOver(Refusal):
    """More may come on that day."""

    kind = "settled-day-not-over"


class RevisionNeedsReason(Refusal):
    """Another file of that day stands; one in its place has to say why."""

    kind = "revision-needs-reason"


class KeyUsedBefore(Refusal):
    """The Idempotency-Key came before with something else."""

    kind = "idempotency-key-used"


class UnknownSettlementFile(Refusal):
    """No such file."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-settlement-file"


class UnknownDifference(Refusal):
    """No such difference."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-settlement-difference"


class DifferenceClosed(Refusal):
    """It was resolved, or closed by itself."""

    kind = "settlement-difference-closed"


class NotSo(Refusal):
    """Such a difference is not resolved in that way."""

    kind = "not-resolved-so"


class ToldOtherwise(Refusal):
    """It has been told meanwhile with another amount or currency."""

    kind = "told-otherwise"
