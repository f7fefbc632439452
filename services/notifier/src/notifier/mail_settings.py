"""The settings of what comes back of mails."""

from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from notifier.channels.email.bounces import BounceAddress
from notifier.webhook_settings import WebhookSettings


class MailSettings(WebhookSettings):
    """Without an address nobody reads what comes back."""

    smtp_bounces_to: str | None = Field(
        default=None, max_length=200, pattern=r"^[A-Za-z0-9._-]{1,14}@[A-Za-z0-9.-]+$"
    )
    """Where reports of our mails come to, with ``+`` and what names the notice before the ``@``."""
    smtp_bounce_secret: SecretStr | None = Field(default=None, min_length=32)
    """The end of the address that the mail server hands them over to, and what signs theirs."""
    smtp_asks_delivered: bool = False
    """Whether a report of success is asked for, where the server offers that (RFC 3461)."""
    email_undisputed_after_h: float | None = Field(default=None, gt=0, le=24 * 90)
    """As of SMS: the utility's stated substitute for a receipt."""

    @field_validator(
        "smtp_bounces_to", "smtp_bounce_secret", "email_undisputed_after_h", mode="before"
    )
    @classmethod
    def _no_bounces_where_empty(cls, value: object) -> object:
        """As Compose passes on what nobody has set."""
        return value or None

    @model_validator(mode="after")
    def _bounces_consistent(self) -> Self:
        if (self.smtp_bounces_to is None) != (self.smtp_bounce_secret is None):
            message = "PREWATT_SMTP_BOUNCES_TO and PREWATT_SMTP_BOUNCE_SECRET belong together"
            raise ValueError(message)
        if self.smtp_bounces_to is None and (
            self.smtp_asks_delivered or self.email_undisputed_after_h is not None
        ):
            message = (
                "PREWATT_SMTP_ASKS_DELIVERED and PREWATT_EMAIL_UNDISPUTED_AFTER_H need "
                "PREWATT_SMTP_BOUNCES_TO: nothing would ever be read of a mail"
            )
            raise ValueError(message)
        return self

    @property
    def bounce_address(self) -> BounceAddress | None:
        """Where reports come to."""
        if self.smtp_bounces_to is None or self.smtp_bounce_secret is None:
            return None
        secret = self.smtp_bounce_secret.get_secret_value().encode()
        return BounceAddress(self.smtp_bounces_to, secret)
