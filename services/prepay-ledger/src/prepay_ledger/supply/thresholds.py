"""Balances at which an account is looked at: pure."""

from collections.abc import Sequence
from typing import NamedTuple

from prepay_ledger.supply.warning_limits import WarningLimit
from prewatt_common.contracts.ledger_events_v1 import SupplyState


class Thresholds(NamedTuple):
    """Balances that lead to the next decision: one at or below the first, one above the second;
    none where balance alone leads to none that way."""

    at_micro: int | None
    above_micro: int | None

    def crossed_by(self, balance_micro: int) -> bool:
        """A balance that leads to the next decision."""
        return (self.at_micro is not None and balance_micro <= self.at_micro) or (
            self.above_micro is not None and balance_micro > self.above_micro
        )


def review_thresholds(
    *,
    state: SupplyState,
    balance_micro: int,
    warned_at: Sequence[WarningLimit],
    exhausted_micro: int,
    back_above_micro: int | None = None,
) -> Thresholds:
    """Of an account in ``state``. ``warned_at``: the highest first, at least one.
    ``back_above_micro``: what brings it back where it is cut (`back_above_micro`); none where it
    cannot be."""
    match state:
        case SupplyState.CONNECTED:
            return Thresholds(max(warned_at[0].micro, exhausted_micro), None)
        case SupplyState.WARNED:
            below = [each.micro for each in warned_at if each.micro < balance_micro]
            above = [each.micro for each in warned_at if each.micro >= balance_micro]
            return Thresholds(max([*below, exhausted_micro]), above[-1])
        case SupplyState.RECONNECTING | SupplyState.ARMED:
            return Thresholds(exhausted_micro, None)
        case SupplyState.PENDING:
            return Thresholds(None, exhausted_micro)
        case SupplyState.DISCONNECTING | SupplyState.DISCONNECTED | SupplyState.LIMITED:
            return Thresholds(None, back_above_micro)
