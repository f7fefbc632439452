"""The settings of webhooks to other systems."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field, IPvAnyNetwork, SecretStr, field_validator

from notifier.channels.addresses import Reach
from notifier.gateway_settings import GatewaySettings
from notifier.webhooks.change_webhook import WebhookTerms
from prewatt_common.settings import none_where_empty


class WebhookSettings(GatewaySettings):
    """Without a secret there are none."""

    webhook_secret: SecretStr | None = Field(default=None, min_length=32)
    """What the secret of each webhook follows from. The same on every replica; changed, every
    receiver needs another secret at once."""
    webhook_networks: tuple[IPvAnyNetwork, ...] = ()
    """Of ours that may be asked though they are not public, by http too."""
    webhook_ca_file: Path | None = None
    """Certificates to trust beside those of public authorities."""
    webhook_slots: int = Field(default=8, ge=1, le=100)
    """Messages on their way to one receiver at a time, of each of our replicas."""
    webhook_lifetime_h: float = Field(default=72, gt=0, le=24 * 30)
    """For so long a message is tried."""

    _webhooks_unset = field_validator("webhook_secret", mode="before")(none_where_empty)

    @property
    def reach(self) -> Reach:
        """Whom we may be led to."""
        return Reach(tuple(self.webhook_networks))

    @property
    def webhook_terms(self) -> WebhookTerms:
        """What webhooks are made under."""
        secret = self.webhook_secret
        return WebhookTerms(
            key=secret.get_secret_value().encode() if secret else None,
            reach=self.reach,
            lifetime=timedelta(hours=self.webhook_lifetime_h),
        )
