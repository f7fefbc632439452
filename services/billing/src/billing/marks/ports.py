"""What whoever takes something in needs, to say that it has moved."""

from typing import Protocol

from billing.marks.values import Moved


class Marks(Protocol):
    """Inside the transaction of what has moved."""

    async def mark(self, moved: Moved) -> None:
        """It is due; where nothing has moved nothing is."""
        ...
