"""What a supply policy says of changes between prepaid and post-paid, and of paying afterwards."""

from typing import Annotated, Literal

import msgspec

from prewatt_common.contracts.supply_calendar_v1 import Part


class ModeChanges(Part, frozen=True, kw_only=True):
    """How an account changes the way in which it pays, and when post-paid use is due. The numbers
    are our own choice, and no law's."""

    notice_days: Annotated[int, msgspec.Meta(ge=0, le=366)] = 0
    """So many days before a change the customer must have been told; 0: nobody waits for that."""
    without_reading_after_days: Annotated[int, msgspec.Meta(ge=1, le=366)] | None = None
    """A change whose meters were not read by then is made without: what was used before it is
    charged with the next reading, shared by time; null: it waits for the reading."""
    owed: Literal["debt", "at_once"] = "debt"
    """What is owed as an account becomes prepaid: a debt, paid off by instalments, that starts no
    cut; or due at once, by its balance."""
    instalments: Annotated[int, msgspec.Meta(ge=1, le=60)] = 6
    """Of that debt, a month apart."""
    due_days: Annotated[int, msgspec.Meta(ge=0, le=366)] = 14
    """Of a post-paid account: what a period came to is to be paid so many days after its end."""
