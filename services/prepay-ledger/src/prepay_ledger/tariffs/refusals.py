"""Why a tariff is refused."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownTariff(Refusal):
    """No version of that code was ever published."""

    kind = "unknown-tariff"


class InvalidDocument(Refusal):
    """The document is no tariff; the message names each place at fault."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "invalid-tariff"


class TariffRefused(Refusal):
    """The version may not be published as it is; the message says what to do instead."""

    kind = "tariff-refused"
