"""Why an agreement is refused."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class PrepayAgreementRefused(Refusal):
    """It cannot be the account's next version; the message says why."""

    kind = "prepay-agreement-refused"


class NoPrepayAgreement(Refusal):
    """The account has signed none, so no procedure is owed to it, and it is not cut."""

    status = HTTPStatus.NOT_FOUND
    kind = "no-prepay-agreement"
