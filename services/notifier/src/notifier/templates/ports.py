"""What putting a notice in words is to whoever sends it, and what the texts' use cases need."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from notifier.notices.values import Notice, Template
from notifier.templates.values import PublishedText, TemplateText, TestSend, TextKey, Worded


class Unrenderable(Exception):
    """A template and a notice do not fit. Trying again would not help."""


class Renderer(Protocol):
    """Puts a notice in words; raises `Unrenderable`."""

    def render(
        self, notice: Notice, *, account_number: str, published: PublishedText | None = None
    ) -> Worded:
        """By ``published``; by what is shipped where that is none."""
        ...


class TextStore(Protocol):
    """Texts that people drafted and published, inside one transaction."""

    async def asked(self, *, by: str, key: str) -> TemplateText | None:
        """What this person drafted under this Idempotency-Key."""
        ...

    async def add(self, text: TemplateText, *, key: str) -> None: ...
    async def get(self, text_id: UUID) -> TemplateText | None: ...
    async def lock(self, text_id: UUID) -> TemplateText | None:
        """Its row locked until the transaction ends."""
        ...

    async def template_of(self, campaign_id: UUID) -> Template | None:
        """What the campaign says; none where there is no such campaign."""
        ...

    async def next_number(self, key: TextKey) -> int:
        """Nobody else publishes until the transaction ends."""
        ...

    async def change(self, text: TemplateText) -> None:
        """What became of it; its words are never changed."""
        ...

    async def in_force(self, key: TextKey, *, at: datetime) -> TemplateText | None:
        """None: what is shipped."""
        ...

    async def all_in_force(self, *, at: datetime) -> Sequence[TemplateText]:
        """Of each key the one that holds, where any is published."""
        ...

    async def drafts(self, *, before: UUID | None, limit: int) -> Sequence[TemplateText]:
        """Whatever became of them, the newest first."""
        ...

    async def sent_tests(self, *, since: datetime) -> int:
        """So many test messages were begun; nobody else begins one until the transaction ends."""
        ...

    async def test_asked(self, *, by: str, key: str) -> TestSend | None: ...
    async def add_test(self, test: TestSend) -> None: ...
    async def end_test(self, test: TestSend) -> None:
        """With its outcome."""
        ...

    async def notice(self, notice_id: UUID) -> tuple[Notice, str] | None:
        """A notice, and its account's number."""
        ...


OpenTexts = Callable[[], AbstractAsyncContextManager[TextStore]]
