"""Calls by a gateway over HTTP."""

from dataclasses import replace

from notifier.channels.ports import Acceptance, ChannelPort
from notifier.channels.voice.rules import known_as
from notifier.notices.values import Notice, Text


class VoiceChannel:
    """``gateway`` is asked as one of SMS is: the text that it is given it speaks."""

    def __init__(self, gateway: ChannelPort) -> None:
        self._gateway = gateway

    async def send(self, notice: Notice, text: Text) -> Acceptance:
        """The gateway has taken the call on; whether somebody answers, it reports later."""
        accepted = await self._gateway.send(notice, text)
        numbers = [known_as(each) for each in accepted.message_ids]
        return replace(accepted, segments=None, message_ids=numbers)
