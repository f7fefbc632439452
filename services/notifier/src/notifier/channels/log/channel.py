"""The embedded channel: a notice is a line of the service's log."""

import logging

from notifier.channels.ports import Acceptance
from notifier.notices.values import Notice, Text
from prewatt_common.contracts.notice_events_v1 import Proof

logger = logging.getLogger(__name__)


class LogChannel:
    """Where a development system, or a collector of logs, reads the notices."""

    async def send(self, notice: Notice, text: Text) -> Acceptance:
        """Writes the short text with the ids; never fails, and reaches nobody."""
        logger.info(
            text.short,
            extra={
                "notice_id": str(notice.id),
                "account_id": str(notice.account_id),
                "template": notice.template,
                "language": notice.language,
            },
        )
        return Acceptance(Proof.LOG)
