"""What an SMS centre delivers to us: receipts, and what customers write."""

import logging
from collections.abc import Callable

from smpplib.command import Command

from notifier.channels.ports import TakeReceipt
from notifier.channels.smpp.receipts import IdForm, ReceiptUnreadable, is_receipt, receipt_of
from notifier.channels.smpp.rules import STATUS_OK
from notifier.metrics import SMS_RECEIPTS

logger = logging.getLogger(__name__)

_LATER = 0x64


class Inbox:
    """Answered with success once it is kept. What cannot be read will not be readable when it comes
    again: it is logged and taken."""

    def __init__(
        self,
        take: TakeReceipt,
        *,
        answered_as: IdForm,
        reported_as: IdForm,
        passing: Callable[[BaseException], bool],
    ) -> None:
        self._take = take
        self._answered_as = answered_as
        self._reported_as = reported_as
        self._passing = passing

    async def __call__(self, pdu: Command) -> int:
        """The status to answer with."""
        if not is_receipt(pdu.esm_class or 0):
            logger.warning("the SMS centre delivers a message that is no receipt: nobody reads it")
            return STATUS_OK
        try:
            receipt = receipt_of(
                pdu.short_message or pdu.message_payload or b"",
                receipted_message_id=pdu.receipted_message_id,
                message_state=pdu.message_state,
                answered_as=self._answered_as,
                reported_as=self._reported_as,
            )
        except ReceiptUnreadable as error:
            logger.error("the SMS centre sends %s", error)
            SMS_RECEIPTS.labels("unreadable").inc()
            return STATUS_OK
        if receipt.verdict is None:
            return STATUS_OK
        try:
            joined = await self._take(receipt.message_id, receipt.verdict, reason=receipt.reason)
        except Exception as error:
            if not self._passing(error):
                raise
            logger.warning("a receipt is not kept yet: database: %r; it comes again", error)
            return _LATER
        SMS_RECEIPTS.labels("joined" if joined else "unknown").inc()
        return STATUS_OK
