"""The settings of campaigns."""

from typing import Self

from pydantic import HttpUrl, SecretStr, field_validator, model_validator

from prewatt_common.settings import ServiceSettings, none_where_empty


class CampaignSettings(ServiceSettings):
    """Without billing a campaign's accounts are uploaded."""

    billing_url: HttpUrl | None = None
    """Billing's API, ``http://billing:8084``."""
    billing_token: SecretStr | None = None
    """A bearer token that carries ``billing:segments``."""

    _campaigns_unset = field_validator("billing_url", "billing_token", mode="before")(
        none_where_empty
    )

    @model_validator(mode="after")
    def _campaigns_consistent(self) -> Self:
        if (self.billing_url is None) != (self.billing_token is None):
            message = "PREWATT_BILLING_URL and PREWATT_BILLING_TOKEN belong together"
            raise ValueError(message)
        return self
