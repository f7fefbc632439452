"""How far commands came: which news moves one on."""

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
