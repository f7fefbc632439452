"""Why a balance is not adjusted, or money not moved."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class CauseOfOtherSign(Refusal):
    """The cause gives money and it was to be taken, or the other way round."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "cause-of-other-sign"


class BalanceTooLow(Refusal):
    """The account does not have what is to be taken from it."""

    kind = "balance-too-low"


class SameAccount(Refusal):
    """Both ends of the transfer are one account."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "same-account"


class OtherCurrency(Refusal):
    """Money is not changed into another currency."""

    kind = "other-currency"
