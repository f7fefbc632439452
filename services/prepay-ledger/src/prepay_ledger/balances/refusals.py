"""Refusals that several modules share."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownAccount(Refusal):
    """No such account."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-account"
