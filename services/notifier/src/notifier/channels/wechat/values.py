"""The document that describes an official account's templates."""

from collections.abc import Mapping
from typing import Self

from pydantic import Field, HttpUrl, model_validator

from notifier.channels.callbacks import Mapped
from notifier.channels.codes import check_codes
from notifier.contacts.values import Language
from notifier.notices.values import Template


class WechatTemplate(Mapped):
    """An approved template, and what its keywords are given: ``{"amount1": "{balance}"}``."""

    id: str = Field(min_length=1)
    data: Mapping[str, str]


class WechatAccount(Mapped):
    """``page``: what opens as somebody touches the message; empty: nothing does."""

    app_id: str = Field(min_length=1)
    endpoint: HttpUrl = HttpUrl("https://api.weixin.qq.com")
    page: str = ""
    templates: Mapping[Language, Mapping[Template, WechatTemplate]]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        check_codes(
            {
                language: {name: each.data.values() for name, each in texts.items()}
                for language, texts in self.templates.items()
            }
        )
        return self
