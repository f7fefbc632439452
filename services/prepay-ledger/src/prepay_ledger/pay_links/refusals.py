"""Why a link is not made or ended, and why nothing is paid by one."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class PayLinksNotSetUp(Refusal):
    """The settings name no domain, no key, or no provider."""

    kind = "pay-links-not-set-up"


class UnknownPayLink(Refusal):
    """No such link."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-pay-link"


class InvalidPayLink(Refusal):
    """Nobody could pay by it, or for too long."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "invalid-pay-link"


class PayLinkKeyGone(Refusal):
    """The key that made it is not in the settings any more."""

    kind = "pay-link-key-gone"


class OtherPayLink(Refusal):
    """The Idempotency-Key came before with something else."""

    kind = "idempotency-key-used"


class LinkIsOver(Refusal):
    """It was valid once: it is expired or revoked, or its account is closed."""

    status = HTTPStatus.GONE
    kind = "pay-link-over"


class WrongAmount(Refusal):
    """Not of what may be paid."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "wrong-amount"


class UnknownWay(Refusal):
    """No such way of paying."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "unknown-way-of-paying"


class OldForm(Refusal):
    """The form began another payment before, or is too old: a new one is needed."""

    kind = "old-form"


class TooManyAttempts(Refusal):
    """So many payments were begun by the link today."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    kind = "too-many-attempts"


class ProviderDeclined(Refusal):
    """The provider makes no page for this payment."""

    kind = "provider-declined"


class NotPaid(Refusal):
    """The provider has told that nothing came of this payment, and there is no page for it: a new
    form is needed."""

    kind = "not-paid"


class ProviderSilent(Refusal):
    """Nobody knows whether the provider has it; the same form may be sent again."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    kind = "provider-silent"
