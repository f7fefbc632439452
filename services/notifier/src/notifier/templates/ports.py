"""What putting a notice in words is to whoever sends it."""

from typing import Protocol

from notifier.notices.values import Notice, Text


class Unrenderable(Exception):
    """A template and a notice do not fit. Trying again would not help."""


class Renderer(Protocol):
    """Puts a notice in words; raises `Unrenderable`."""

    def render(self, notice: Notice, *, account_number: str) -> Text: ...
