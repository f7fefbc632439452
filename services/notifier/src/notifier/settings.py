"""The notifier's settings."""

from pathlib import Path
from typing import Self

from pydantic import Field, HttpUrl, SecretStr, model_validator

from notifier.contacts.values import Language
from notifier.deliveries.retries import RetryPolicy
from prewatt_common.settings import ServiceSettings


class NotifierSettings(ServiceSettings):
    """Read from ``PREWATT_*``. A channel without its host or URL is not configured: its notices
    go over the contact's next channel, or fail."""

    http_port: int = Field(default=8083, ge=1, le=65535)
    default_language: Language = Language.ZH_CN
    """Of accounts without a contact; their notices go to the log."""
    utility_name: str = Field(default="Prewatt", min_length=1, max_length=12)
    """Signs every notice."""

    smtp_host: str | None = None
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_from: str | None = None
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_starttls: bool = True
    smtp_ca_file: Path | None = None
    """Certificates to trust, where the server's is not from a public authority."""

    sms_url: HttpUrl | None = None
    """Kannel's sendsms, ``http://host:13013/cgi-bin/sendsms``."""
    sms_username: str = ""
    sms_password: SecretStr = SecretStr("")
    sms_from: str | None = None
    """None leaves the sender to the gateway."""

    delivery_concurrency: int = Field(default=16, ge=1, le=200)
    delivery_timeout_s: float = Field(default=30, gt=0)
    delivery_lease_s: float = Field(default=90, gt=0)
    """After this a notice whose sender died is sent again."""
    delivery_attempts_max: int = Field(default=12, ge=1, le=50)
    delivery_retry_first_s: float = Field(default=5, gt=0)
    delivery_retry_longest_s: float = Field(default=3600, gt=0)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.smtp_host and not self.smtp_from:
            message = "PREWATT_SMTP_FROM is needed with PREWATT_SMTP_HOST"
            raise ValueError(message)
        if (self.smtp_username is None) != (self.smtp_password is None):
            message = "PREWATT_SMTP_USERNAME and PREWATT_SMTP_PASSWORD belong together"
            raise ValueError(message)
        if self.delivery_lease_s <= self.delivery_timeout_s:
            message = "PREWATT_DELIVERY_LEASE_S must be longer than PREWATT_DELIVERY_TIMEOUT_S"
            raise ValueError(message)
        return self

    @property
    def retries(self) -> RetryPolicy:
        """How a notice that cannot be delivered now is tried again."""
        return RetryPolicy(
            attempts_max=self.delivery_attempts_max,
            first_s=self.delivery_retry_first_s,
            longest_s=self.delivery_retry_longest_s,
        )
