"""The settings of calls that speak a notice."""

from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from notifier.channels.callbacks import Callbacks
from notifier.channels.gateway.values import HttpGateway
from notifier.mail_settings import MailSettings
from prewatt_common.settings import none_where_empty


class VoiceSettings(MailSettings):
    """Without a document nobody is called."""

    voice_gateway: HttpGateway | None = None
    """JSON, as ``sms_gateway`` of kind ``http``: what calls a number and speaks ``{text}``."""
    voice_from: str = Field(default="", max_length=20, pattern=r"^[ -~]*$")
    voice_gateway_key: str = ""
    voice_gateway_secret: SecretStr = SecretStr("")
    voice_callback_secret: SecretStr | None = Field(default=None, min_length=32)
    """The end of the address that it calls: without it no call counts as answered."""
    voice_callback_key: SecretStr | None = Field(default=None, min_length=16)
    """What it signs its calls with, where the document says that it does."""
    voice_slots: int = Field(default=4, ge=1, le=200)
    voice_per_s: float | None = Field(default=None, gt=0)
    """As of the other channels."""

    _voice_unset = field_validator(
        "voice_gateway", "voice_callback_secret", "voice_callback_key", mode="before"
    )(none_where_empty)

    @model_validator(mode="after")
    def _voice_consistent(self) -> Self:
        gateway = self.voice_gateway
        signs = gateway is not None and gateway.signature is not None
        if signs != (self.voice_callback_key is not None):
            message = (
                "PREWATT_VOICE_CALLBACK_KEY and the signature of PREWATT_VOICE_GATEWAY belong "
                "together"
            )
            raise ValueError(message)
        return self

    @property
    def voice_callbacks(self) -> Callbacks | None:
        """What the gateway calls us with, if it does."""
        gateway, secret, key = (
            self.voice_gateway,
            self.voice_callback_secret,
            self.voice_callback_key,
        )
        if gateway is None or secret is None:
            return None
        return Callbacks(
            secret.get_secret_value(),
            gateway.receipt,
            gateway.signature,
            key.get_secret_value().encode() if key else b"",
        )

    @property
    def voice_reports(self) -> bool:
        """Whether it says whether a call was answered."""
        return self.voice_callbacks is not None and self.voice_callbacks.receipt is not None
