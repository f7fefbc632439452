"""Use case: whether a notice is ours."""

from notifier.confirm.ports import SaidNotices
from notifier.confirm.rules import question_of
from notifier.confirm.values import NotSaid, Question, Said

_NOBODYS = Question("", b"\0\0\0\0\0")
"""Is looked up where nothing was meant, so that the answer takes as long."""


class FindNotice:
    """Says what a stranger may hear, and the same of a wrong tail as of a wrong code."""

    def __init__(self, *, notices: SaidNotices) -> None:
        self._notices = notices

    async def __call__(self, *, tail: str, code: str) -> Said | NotSaid:
        """Of what was typed as it was typed."""
        question = question_of(tail, code)
        found = await self._notices.find(question or _NOBODYS)
        return NotSaid() if question is None or found is None else found
