"""Why a webhook is refused."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownWebhook(Refusal):
    """There is no such webhook."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-webhook"


class UrlRefused(Refusal):
    """It is none that may be asked."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "url-refused"


class WebhookStands(Refusal):
    """It stands so that this cannot be done with it."""

    kind = "webhook-stands"


class TooManyWebhooks(Refusal):
    """Each takes a part of every event."""

    kind = "too-many-webhooks"


class WithoutSecret(Refusal):
    """Nothing could be signed."""

    kind = "webhooks-not-configured"


class OtherRequest(Refusal):
    """The Idempotency-Key came before with something else."""

    kind = "idempotency-key-used"
