"""What an SMS centre delivers to us: receipts, and what customers write."""

import logging
from collections.abc import Callable

from smpplib.command import Command

from notifier.channels.ports import TakeReceipt, TakeWritten, Written
from notifier.channels.smpp.incoming import Delivered, is_written, written_of
from notifier.channels.smpp.receipts import IdForm, ReceiptUnreadable, is_receipt, receipt_of
from notifier.channels.smpp.rules import STATUS_OK, DataCodings
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
        take_written: TakeWritten,
        codings: DataCodings,
        answered_as: IdForm,
        reported_as: IdForm,
        passing: Callable[[BaseException], bool],
    ) -> None:
        self._take = take
        self._take_written = take_written
        self._codings = codings
        self._answered_as = answered_as
        self._reported_as = reported_as
        self._passing = passing

    async def __call__(self, pdu: Command) -> int:
        """The status to answer with."""
        esm_class = pdu.esm_class or 0
        try:
            if is_receipt(esm_class):
                await self._receipt(pdu)
            elif is_written(esm_class):
                await self._written(pdu)
            else:
                logger.info("the SMS centre delivers a note of kind 0x%02X: not read", esm_class)
        except Exception as error:
            if not self._passing(error):
                raise
            logger.warning("what came is not kept yet: database: %r; it comes again", error)
            return _LATER
        return STATUS_OK

    async def _written(self, pdu: Command) -> None:
        reference, total = pdu.sar_msg_ref_num, pdu.sar_total_segments
        number = pdu.sar_segment_seqnum
        sar = None
        if reference is not None and total is not None and number is not None:
            sar = (reference, total, number)
        delivered = Delivered(
            esm_class=pdu.esm_class or 0,
            data_coding=pdu.data_coding or 0,
            type_of_number=pdu.source_addr_ton or 0,
            sender=(pdu.source_addr or b"").rstrip(b"\0").decode("latin-1").strip(),
            octets=pdu.short_message or pdu.message_payload or b"",
            sar=sar,
        )
        written = written_of(delivered, self._codings)
        if isinstance(written, Written):
            await self._take_written(written)
        else:
            await self._take_written.part(written)

    async def _receipt(self, pdu: Command) -> None:
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
            return
        if receipt.verdict is None:
            return
        joined = await self._take(receipt.message_id, receipt.verdict, reason=receipt.reason)
        SMS_RECEIPTS.labels("joined" if joined else "unknown").inc()
