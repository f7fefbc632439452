"""The document that describes an application at Tencent Cloud."""

from collections.abc import Mapping, Sequence
from typing import Literal, Self

from pydantic import Field, HttpUrl, JsonValue, model_validator

from notifier.channels.callbacks import Mapped, MessageMapping, ReceiptMapping
from notifier.channels.codes import check_codes
from notifier.contacts.values import Language
from notifier.notices.values import Template


class TencentTemplate(Mapped):
    """An approved text, and what its places ``{1}``, ``{2}`` are given, in this order."""

    id: str = Field(min_length=1)
    parameters: Sequence[str] = ()


class TencentGateway(Mapped):
    """``sign_name``: the approved signature that stands before each text."""

    kind: Literal["tencent"]
    sdk_app_id: str = Field(min_length=1)
    sign_name: str = Field(min_length=1)
    region: str = "ap-guangzhou"
    endpoint: HttpUrl = HttpUrl("https://sms.tencentcloudapi.com")
    templates: Mapping[Language, Mapping[Template, TencentTemplate]]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        check_codes(
            {
                language: {name: each.parameters for name, each in texts.items()}
                for language, texts in self.templates.items()
            }
        )
        return self


_TAKEN: dict[str, JsonValue] = {"result": 0, "errmsg": "OK"}
RECEIPT = ReceiptMapping(
    message_id="{sid}",
    state="{report_status}",
    delivered=frozenset({"SUCCESS"}),
    bounced=frozenset({"FAIL"}),
    reason="{errmsg}",
    reply=_TAKEN,
)
"""Its report: an array, each of one message."""
MESSAGE = MessageMapping(time="{time}", sender="+{nationcode}{mobile}", text="{text}", reply=_TAKEN)
"""What one customer writes. It has a time and no number."""
