"""What a supply policy says of bills that are corrected or come late, and of debts."""

from typing import Annotated

import msgspec

from prewatt_common.contracts.supply_calendar_v1 import Part


class CorrectedBills(Part, frozen=True, kw_only=True):
    """What becomes of a bill that turns out too low, or is known, long after the use."""

    apart_after_days: Annotated[int, msgspec.Meta(ge=1, le=3_660)] = 30
    """A period that ended longer ago is owed apart from the balance, as a debt that starts no cut.
    30 days are our own choice, a month's bill, and no law's."""
    limitation_months: Annotated[int, msgspec.Meta(ge=1, le=240)] | None = None
    """A period that began longer ago is written off; null: the law knows no limit. The utility's
    to verify: see the examples in docs/policies."""
    paused_while_off: bool = True
    """Nothing is taken of what is owed apart while supply is off."""
    instalments_days_after_return: Annotated[int, msgspec.Meta(ge=0, le=366)] = 7
    """No instalment is taken from the balance in so many days after supply came back."""
    topup_share_max_ppm: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 500_000
    """What all debts of an account may take of a top-up together."""
    topup_cap_micro: Annotated[int, msgspec.Meta(ge=0, le=10**13)] | None = None
    """The most that top-ups pay of debts in ``topup_cap_days``, where that was agreed; null: what
    was agreed is the only limit."""
    topup_cap_days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 30
