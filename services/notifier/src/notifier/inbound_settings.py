"""The settings of what customers write to us."""

from datetime import timedelta
from typing import Self

from pydantic import Field, HttpUrl, SecretStr, field_validator, model_validator

from notifier.inbound.values import Retention
from notifier.notices.values import PAGE_CHARS_MAX
from prewatt_common.settings import ServiceSettings, none_where_empty


class InboundSettings(ServiceSettings):
    """Without a ledger nobody is told a balance by SMS, and credit is accepted elsewhere."""

    sms_country_code: str = Field(default="86", pattern=r"^[1-9]\d{0,2}$")
    """Of a sender's number that comes without one."""
    ledger_url: HttpUrl | None = None
    """The ledger's API, ``http://prepay-ledger:8082``."""
    ledger_token: SecretStr | None = None
    """A bearer token that carries ``ledger:read``, ``ledger:emergency-credit`` and, where pay links
    are set up, ``ledger:pay-links``."""
    payment_page: HttpUrl | None = None
    """Where customers pay: told to who asks how, and in warnings where the ledger tells no link of
    the account's own."""
    inbound_kept_days: int = Field(default=90, ge=1, le=3650)
    """After this what customers have written is forgotten."""

    _inbound_unset = field_validator("ledger_url", "ledger_token", "payment_page", mode="before")(
        none_where_empty
    )

    @model_validator(mode="after")
    def _inbound_consistent(self) -> Self:
        if (self.ledger_url is None) != (self.ledger_token is None):
            message = "PREWATT_LEDGER_URL and PREWATT_LEDGER_TOKEN belong together"
            raise ValueError(message)
        if self.payment_page is not None and len(str(self.payment_page)) > PAGE_CHARS_MAX:
            message = f"PREWATT_PAYMENT_PAGE: over {PAGE_CHARS_MAX} characters"
            raise ValueError(message)
        return self

    @property
    def pay_at(self) -> str | None:
        """As texts say it."""
        return str(self.payment_page) if self.payment_page else None

    @property
    def inbound_retention(self) -> Retention:
        """How long messages are kept."""
        return Retention(timedelta(days=self.inbound_kept_days))
