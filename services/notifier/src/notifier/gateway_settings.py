"""The settings of the way to an SMS gateway by HTTP."""

from typing import Annotated, Self, TypeAlias

from pydantic import Field, SecretStr, field_validator, model_validator

from notifier.channels.aliyun import values as aliyun
from notifier.channels.callbacks import Callbacks
from notifier.channels.gateway.values import HttpGateway
from notifier.channels.tencent import values as tencent
from notifier.smpp_settings import SmppSettings
from prewatt_common.settings import none_where_empty

SmsGatewayDocument: TypeAlias = Annotated[
    HttpGateway | aliyun.AliyunGateway | tencent.TencentGateway, Field(discriminator="kind")
]


class GatewaySettings(SmppSettings):
    """Without a document there is no such gateway."""

    sms_gateway: SmsGatewayDocument | None = None
    """JSON, by ``kind``: ``http``, any gateway as the document describes it; ``aliyun``;
    ``tencent``."""
    sms_gateway_key: str = ""
    """The access key's or secret's id."""
    sms_gateway_secret: SecretStr = SecretStr("")
    sms_callback_secret: SecretStr | None = Field(default=None, min_length=32)
    """The end of the addresses that the gateway calls: who does not know it can report nothing.
    Without it nothing is taken from the gateway, and no SMS counts as delivered."""
    sms_callback_key: SecretStr | None = Field(default=None, min_length=16)
    """What the gateway signs its calls with, where the document says that it does."""

    _gateway_unset = field_validator(
        "sms_gateway", "sms_callback_secret", "sms_callback_key", mode="before"
    )(none_where_empty)

    @model_validator(mode="after")
    def _gateway_consistent(self) -> Self:
        gateway = self.sms_gateway
        if gateway is None:
            return self
        secret = self.sms_gateway_secret.get_secret_value()
        if not isinstance(gateway, HttpGateway) and not (self.sms_gateway_key and secret):
            message = (
                "PREWATT_SMS_GATEWAY_KEY and PREWATT_SMS_GATEWAY_SECRET are needed with "
                f"PREWATT_SMS_GATEWAY of kind {gateway.kind}"
            )
            raise ValueError(message)
        signs = isinstance(gateway, HttpGateway) and gateway.signature is not None
        if signs != (self.sms_callback_key is not None):
            message = (
                "PREWATT_SMS_CALLBACK_KEY and the signature of PREWATT_SMS_GATEWAY belong together"
            )
            raise ValueError(message)
        return self

    @property
    def sms_callbacks(self) -> Callbacks | None:
        """What the gateway calls us with, if it does."""
        gateway, secret = self.sms_gateway, self.sms_callback_secret
        if gateway is None or secret is None:
            return None
        match gateway:
            case aliyun.AliyunGateway():
                return Callbacks(
                    secret.get_secret_value(),
                    aliyun.RECEIPT,
                    message=aliyun.MESSAGE,
                    gateway=gateway.kind,
                )
            case tencent.TencentGateway():
                return Callbacks(
                    secret.get_secret_value(),
                    tencent.RECEIPT,
                    message=tencent.MESSAGE,
                    gateway=gateway.kind,
                )
            case HttpGateway():
                key = self.sms_callback_key
                return Callbacks(
                    secret.get_secret_value(),
                    gateway.receipt,
                    gateway.signature,
                    key.get_secret_value().encode() if key else b"",
                    gateway.message,
                    gateway.kind,
                )

    @property
    def gateway_reports(self) -> bool:
        """Whether it says what became of a message."""
        return self.sms_callbacks is not None and self.sms_callbacks.receipt is not None
