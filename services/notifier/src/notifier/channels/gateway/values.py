"""The document that describes a gateway: what it is asked, and what its answers mean."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, HttpUrl, JsonValue, model_validator

from notifier.channels.callbacks import Mapped, MessageMapping, ReceiptMapping, SignatureMapping
from notifier.channels.places import names_in

NAMES = frozenset({"to", "to_digits", "text", "language", "sender", "notice_id", "key", "secret"})
"""What a request may say. ``to`` has a plus and ``to_digits`` has none, ``language`` is the text's;
``key`` and ``secret`` are of the settings."""


class RequestMapping(Mapped):
    """One message. Of ``json`` and ``form`` one is the body."""

    url: HttpUrl
    method: Literal["GET", "POST", "PUT"] = "POST"
    headers: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    form: Mapping[str, str] | None = None
    json_body: dict[str, JsonValue] | None = Field(default=None, alias="json")

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.form is not None and self.json_body is not None:
            raise ValueError("form and json: one of them is the body")
        used = names_in([dict(self.headers), dict(self.query), dict(self.form or {})])
        unknown = (used | names_in(self.json_body)) - NAMES
        if unknown:
            named = ", ".join(f"{{{name}}}" for name in sorted(unknown))
            raise ValueError(f"{named}: a request can say {', '.join(sorted(NAMES))}")
        return self


class AnswerMapping(Mapped):
    """``message_id`` and ``code`` name places of the answer's JSON: ``{messages.0.status}``.
    Without a code its HTTP status says what it means."""

    message_id: str | None = None
    code: str | None = None
    accepted: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    """Never taken, however often it is asked."""
    ours: frozenset[str] = frozenset()
    """About us and not the notice, such as credit that is used up: all wait."""
    detail: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.code is None and (self.accepted or self.refused or self.ours):
            raise ValueError("accepted, refused and ours are codes: code says where they stand")
        if self.code is not None and not self.accepted:
            raise ValueError("accepted names no code: no message would ever count as handed over")
        both = (
            (self.accepted & self.refused)
            | (self.accepted & self.ours)
            | (self.refused & self.ours)
        )
        if both:
            raise ValueError(f"{', '.join(sorted(both))}: a code means one thing")
        return self


class HttpGateway(Mapped):
    """A gateway by its document."""

    kind: Literal["http"]
    request: RequestMapping
    answer: AnswerMapping = AnswerMapping()
    receipt: ReceiptMapping | None = None
    """What it calls us with, where it does."""
    message: MessageMapping | None = None
    """And with what customers write."""
    signature: SignatureMapping | None = None
    """Of its calls, where it signs them."""

    @model_validator(mode="after")
    def _joined(self) -> Self:
        if self.receipt is not None and self.answer.message_id is None:
            raise ValueError("receipt: none can be joined unless answer.message_id says its number")
        return self
