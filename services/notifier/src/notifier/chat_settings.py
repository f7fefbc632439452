"""The settings of messages to chats and apps."""

from pydantic import Field, SecretStr, field_validator

from notifier.channels.chat.values import ChatServices, ServiceName
from notifier.wechat_settings import WechatSettings


class ChatSettings(WechatSettings):
    """Without a service there is no such channel."""

    chat_services: dict[ServiceName, SecretStr] = Field(default_factory=dict)
    """By name, as Apprise writes addresses, with ``{to}`` for who gets a message:
    ``{"telegram": "tgram://TOKEN/{to}"}``."""
    chat_slots: int = Field(default=16, ge=1, le=200)
    chat_per_s: float | None = Field(default=None, gt=0)
    """As of the other channels."""

    @field_validator("chat_services")
    @classmethod
    def _can_be_read(cls, services: dict[str, SecretStr]) -> dict[str, SecretStr]:
        ChatServices(services)
        return services
