"""One of many whose data raises keeps none of the others from being done."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from prewatt_common.db.database import is_passing_fault, is_schema_fault

OneT = TypeVar("OneT")


async def odd_among(
    some: Sequence[OneT], do: Callable[[Sequence[OneT]], Awaitable[None]]
) -> list[tuple[OneT, Exception]]:
    """``do`` for all of ``some`` at once; where that raises for their halves, and so on down to
    those that raise alone, which are given with their errors.

    ``do`` leaves nothing behind where it raises. Raises what passes and what is nobody's fault of
    them: a lost connection, a table that is not there.
    """
    try:
        await do(some)
    except Exception as error:
        if is_passing_fault(error) or is_schema_fault(error):
            raise
        if len(some) == 1:
            return [(some[0], error)]
    else:
        return []
    # Outside of the `except`, so that an error's traceback is not that of every half before.
    middle = len(some) // 2
    return [*await odd_among(some[:middle], do), *await odd_among(some[middle:], do)]
