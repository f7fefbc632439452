"""What answering needs of the outside."""

from typing import Protocol

from notifier.confirm.values import Answer, Question, Said
from notifier.contacts.values import Language


class SaidNotices(Protocol):
    """Notices that went out."""

    async def find(self, question: Question) -> Said | None:
        """The newest that was tried and has this code, of an account whose number ends so. It is
        as long for who is wrong in either as for who is right."""
        ...


class Page(Protocol):
    """The page on which somebody asks."""

    def show(self, language: Language, answer: Answer | None) -> str:
        """As HTML; ``answer`` none: nothing was asked yet."""
        ...

    @property
    def style_source(self) -> str:
        """Its one style, as a Content-Security-Policy allows it."""
        ...
