"""Messages to chats and apps, through Apprise."""

import apprise

from notifier.channels.chat.values import ChatServices, UnknownChat, messages_to
from notifier.channels.ports import Acceptance, PermanentFailure, TransientFailure
from notifier.notices.values import Notice, Text

_REASON_MAX = 200


class ChatChannel:
    """No service says here what became of a message, so a notice stays accepted. None knows a
    repeat either: who dies between sending and writing that down sends it again."""

    def __init__(self, services: ChatServices) -> None:
        self._services = services

    async def send(self, notice: Notice, text: Text) -> Acceptance:
        """As plain text, in a thread of Apprise's. What a refusal means differs from service to
        service and Apprise tells no kinds apart, so each is tried again until the contact's next
        channel has its turn."""
        try:
            address = self._services.address_of(notice.recipient)
        except UnknownChat as error:
            raise PermanentFailure(str(error)) from error
        messages = messages_to(address)
        if messages is None:
            raise PermanentFailure("Apprise cannot read whom the contact's chat names")
        result = await messages.async_notify(
            title=text.subject, body=text.short, body_format=apprise.NotifyFormat.TEXT
        )
        if not result:
            raise TransientFailure(_reason(result))
        return Acceptance()


def _reason(result: apprise.AppriseResult) -> str:
    """What Apprise wrote about it, which has no address in it at this level."""
    said = [
        entry.message
        for each in result
        for attempt in each.attempts
        for entry in attempt.logs
        if entry.level in ("WARNING", "ERROR", "CRITICAL")
    ]
    return ("; ".join(said) or f"Apprise says {result.status.name.lower()}")[:_REASON_MAX]
