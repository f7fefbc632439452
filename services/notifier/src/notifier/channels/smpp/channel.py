"""SMS to an SMS centre, by SMPP."""

import asyncio
from dataclasses import dataclass

from smpplib.command import Command

from notifier.channels.ports import Acceptance
from notifier.channels.segments import Alphabet, ReferenceBits, segments_of
from notifier.channels.smpp import pdus
from notifier.channels.smpp.link import SmppLink
from notifier.channels.smpp.receipts import IdForm
from notifier.channels.smpp.rules import (
    DataCodings,
    Throttled,
    address_of,
    reference_of,
    validity_of,
)
from notifier.notices.values import Notice, Text
from prewatt_common.clock import Clock

_PAUSE_FIRST_S = 0.5


@dataclass(frozen=True, slots=True)
class SmppForm:
    """How this centre wants messages, and writes their numbers."""

    sender: str
    codings: DataCodings
    reference_bits: ReferenceBits
    answered_as: IdForm
    receipts: bool
    """Whether it is asked for them. Without, no SMS counts as delivered."""


class SmppChannel:
    """Hands in a text part by part. Accepted once the centre has all of them."""

    def __init__(self, link: SmppLink, form: SmppForm, *, clock: Clock) -> None:
        self._link = link
        self._form = form
        self._clock = clock

    async def send(self, notice: Notice, text: Text) -> Acceptance:
        """A second attempt at a notice numbers its parts alike, so that a phone puts together what
        came of both."""
        form = self._form
        segments = segments_of(
            text.short, reference=reference_of(notice.id), bits=form.reference_bits
        )
        data_coding = form.codings.gsm if segments.alphabet is Alphabet.GSM else form.codings.ucs2
        message_ids: list[str] = []
        for part in segments.parts:
            pdu = pdus.submit(
                source=address_of(form.sender),
                destination=address_of(notice.recipient),
                octets=part.octets,
                has_header=bool(part.header),
                data_coding=data_coding,
                validity=validity_of(notice.expires_at - self._clock()),
                receipt=form.receipts,
            )
            message_ids.append(await self._submit(pdu, is_first=not message_ids))
        known = form.receipts and all(message_ids)
        return Acceptance(
            segments=len(segments.parts),
            message_ids=tuple(map(form.answered_as.read, message_ids)) if known else (),
        )

    async def _submit(self, pdu: Command, *, is_first: bool) -> str:
        """What a text has begun with is not sent again because a later part has to wait: that part
        waits here, until the attempt's time is over."""
        pause_s = _PAUSE_FIRST_S
        while True:
            try:
                return await self._link.submit(pdu)
            except Throttled:
                if is_first:
                    raise
            await asyncio.sleep(pause_s)
            pause_s *= 2
