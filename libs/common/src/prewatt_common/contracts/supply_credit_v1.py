"""What a supply policy says of emergency credit."""

from typing import Annotated

import msgspec

from prewatt_common.contracts.supply_calendar_v1 import Part


class EmergencyCredit(Part, frozen=True, kw_only=True):
    """What a customer may use below zero once, after accepting it, and repays from the next top-up.
    It is beside what an account's agreement allows to overdraw at any time."""

    amount_micro: Annotated[int, msgspec.Meta(ge=1, le=10**13)]
    offered_at_micro: Annotated[int, msgspec.Meta(ge=0, le=10**13)] = 0
    """It is offered once no more than this may be used, the overdraft agreed on included."""
    accepted_max: Annotated[int, msgspec.Meta(ge=1, le=366)] = 12
    """So often it may be accepted in ``accepted_max_days``."""
    accepted_max_days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 366
    wait_minutes: Annotated[int, msgspec.Meta(ge=0, le=7 * 24 * 60)] = 240
    """Nobody is cut so soon after an offer: the customer has the time to answer."""
    debts_paused: bool = True
    """No instalment of a debt is taken from it being accepted until it is repaid. Standing charge
    is charged all the time."""
