"""What whoever takes something in needs, to say that it has moved."""

from collections.abc import Iterable
from typing import Protocol

from billing.marks.values import Moved


class Marks(Protocol):
    """Inside the transaction of what has moved."""

    async def mark(self, moved: Iterable[Moved]) -> None:
        """Each may be there any number of times."""
        ...
