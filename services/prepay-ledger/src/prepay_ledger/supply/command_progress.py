"""How far commands came: which news moves one on, and how several stand taken together."""

from collections.abc import Sequence

from prepay_ledger.supply.decide import CommandOutcome
from prewatt_common.contracts.base import CommandStatus

RANK = {
    CommandStatus.ISSUED: 0,
    CommandStatus.SENT: 1,
    CommandStatus.ACKNOWLEDGED: 2,
    CommandStatus.EXPIRED: 3,
    CommandStatus.REJECTED: 3,
    CommandStatus.SUPERSEDED: 3,
    CommandStatus.FAILED: 3,
    # A late answer of success is the truth about the relay, whatever we had given up before.
    CommandStatus.SUCCEEDED: 4,
}
"""News moves a command on where its rank is higher than what is known."""
FINISHED_RANK = 3
"""From here on a meter's part is done, well or not."""


def together(statuses: Sequence[CommandStatus]) -> CommandOutcome:
    """All of a decision's commands as one outcome: failed counts only once none is under way."""
    if any(RANK[status] < FINISHED_RANK for status in statuses):
        return CommandOutcome.IN_FLIGHT
    if all(status is CommandStatus.SUCCEEDED for status in statuses):
        return CommandOutcome.CONFIRMED
    return CommandOutcome.FAILED
