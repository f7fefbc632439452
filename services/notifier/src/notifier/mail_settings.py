"""The settings of what comes back of mails."""

from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from notifier.channels.email.bounces import BounceAddress
from notifier.webhook_settings import WebhookSettings
from prewatt_common.settings import none_where_empty


class MailSettings(WebhookSettings):
    """Without an address nobody reads what comes back."""

    smtp_bounces_to: str | None = Field(
        default=None, max_length=200, pattern=r"^[A-Za-z0-9._-]{1,14}@[A-Za-z0-9.-]+$"
    )
    """Where reports of our mails come to, with ``+`` and what names the notice before the ``@``."""
    smtp_bounce_secret: SecretStr | None = Field(default=None, min_length=32)
    """The end of the address that the mail server hands them over to."""
    smtp_bounce_key: SecretStr | None = Field(default=None, min_length=32)
    """What signs the address of each notice. Known to us alone: not the secret, which stands in the
    mail server's configuration."""
    smtp_asks_delivered: bool = False
    """Whether a report of success is asked for, where the server offers that (RFC 3461)."""
    email_undisputed_after_h: float | None = Field(default=None, gt=0, le=24 * 90)
    """As of SMS: the utility's stated substitute for a receipt."""

    _mail_unset = field_validator(
        "smtp_bounces_to",
        "smtp_bounce_secret",
        "smtp_bounce_key",
        "email_undisputed_after_h",
        mode="before",
    )(none_where_empty)

    @model_validator(mode="after")
    def _bounces_consistent(self) -> Self:
        together = (self.smtp_bounces_to, self.smtp_bounce_secret, self.smtp_bounce_key)
        if None in together and any(together):
            message = (
                "PREWATT_SMTP_BOUNCES_TO, PREWATT_SMTP_BOUNCE_SECRET and PREWATT_SMTP_BOUNCE_KEY "
                "belong together"
            )
            raise ValueError(message)
        if any(together) and self.smtp_bounce_secret == self.smtp_bounce_key:
            message = "PREWATT_SMTP_BOUNCE_KEY is another than PREWATT_SMTP_BOUNCE_SECRET"
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
        secret, key = self.smtp_bounce_secret, self.smtp_bounce_key
        if self.smtp_bounces_to is None or secret is None or key is None:
            return None
        return BounceAddress(
            self.smtp_bounces_to,
            secret=secret.get_secret_value().encode(),
            key=key.get_secret_value().encode(),
        )
