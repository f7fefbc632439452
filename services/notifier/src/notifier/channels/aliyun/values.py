"""The document that describes an account at Aliyun."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, HttpUrl, JsonValue, model_validator

from notifier.channels.callbacks import Mapped, MessageMapping, ReceiptMapping
from notifier.channels.codes import check_codes
from notifier.contacts.values import Language
from notifier.notices.values import Template


class AliyunTemplate(Mapped):
    """An approved text, and what its variables are given: ``{"money": "{balance}"}``."""

    code: str = Field(min_length=1)
    parameters: Mapping[str, str] = {}


class AliyunGateway(Mapped):
    """``sign_name``: the approved signature that stands before each text."""

    kind: Literal["aliyun"]
    sign_name: str = Field(min_length=1)
    endpoint: HttpUrl = HttpUrl("https://dysmsapi.aliyuncs.com")
    templates: Mapping[Language, Mapping[Template, AliyunTemplate]]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        check_codes(
            {
                language: {name: each.parameters.values() for name, each in texts.items()}
                for language, texts in self.templates.items()
            }
        )
        return self


_TAKEN: dict[str, JsonValue] = {"code": 0, "msg": "OK"}
RECEIPT = ReceiptMapping(
    message_id="{biz_id}",
    state="{success}",
    delivered=frozenset({"true"}),
    bounced=frozenset({"false"}),
    reason="{err_code}",
    reply=_TAKEN,
)
"""Its SmsReport: an array, each of one message."""
MESSAGE = MessageMapping(
    id="{sequence_id}", sender="{phone_number}", text="{content}", reply=_TAKEN
)
"""Its SmsUp: an array, each what one customer writes."""
