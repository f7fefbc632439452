"""Why a campaign is refused."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownCampaign(Refusal):
    """There is no such campaign."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-campaign"


class InvalidCampaign(Refusal):
    """What was drafted does not fit together."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "invalid-campaign"


class CampaignStands(Refusal):
    """It stands so that this cannot be done with it."""

    kind = "campaign-stands"


class BillingAway(Refusal):
    """Billing, which knows segments, does not answer, or not as it should."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    kind = "billing-away"


class OtherRequest(Refusal):
    """The Idempotency-Key came before with something else."""

    kind = "idempotency-key-used"
