"""The settings of messages over WeChat."""

from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from notifier.channels.wechat.values import WechatAccount
from notifier.voice_settings import VoiceSettings
from prewatt_common.settings import none_where_empty


class WechatSettings(VoiceSettings):
    """Without a document there is no such channel."""

    wechat_account: WechatAccount | None = None
    """JSON: the official account, and its template of each notice."""
    wechat_secret: SecretStr = SecretStr("")
    """The account's AppSecret."""
    wechat_slots: int = Field(default=16, ge=1, le=200)
    wechat_per_s: float | None = Field(default=None, gt=0)
    """As of the other channels."""

    _wechat_unset = field_validator("wechat_account", mode="before")(none_where_empty)

    @model_validator(mode="after")
    def _wechat_consistent(self) -> Self:
        if self.wechat_account is not None and not self.wechat_secret.get_secret_value():
            message = "PREWATT_WECHAT_SECRET is needed with PREWATT_WECHAT_ACCOUNT"
            raise ValueError(message)
        return self
