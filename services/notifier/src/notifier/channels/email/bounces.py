"""What comes back of a mail: reports of its delivery (RFC 3464), and where they come to."""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message
from email.parser import HeaderParser
from hashlib import sha256
from typing import Any, cast
from uuid import UUID

from notifier.channels.ports import Verdict

_SIGNATURE_CHARS = 16
_OURS = re.compile(r"\b([0-9a-f]{32})-([0-9a-f]{16})\b")
_MESSAGE_ID = re.compile(r"<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@([^<>@\s]+)>")
_TO = ("To", "Delivered-To", "X-Original-To")
_BLOCKS_MAX = 100
_SAID_MAX = 300


class UnreadableBounce(Exception):
    """It is no report of a mail's delivery."""


@dataclass(frozen=True, slots=True)
class BounceAddress:
    """Where reports come to: ``prewatt+...@utility.example``. Each notice has a signed address of
    its own there (VERP), so that whoever has not had its mail can report nothing as delivered."""

    address: str
    secret: bytes

    def of(self, notice_id: UUID) -> str:
        """The sender on the envelope of the notice's mail."""
        local, _, domain = self.address.rpartition("@")
        return f"{local}+{self.token_of(notice_id)}@{domain}"

    def token_of(self, notice_id: UUID) -> str:
        """Names the notice, also as the envelope's id (ENVID of RFC 3461)."""
        return f"{notice_id.hex}-{self._signature(notice_id)}"

    def is_ours(self, secret: str) -> bool:
        """Whether the address that was called ends as ours does."""
        return hmac.compare_digest(self.secret, secret.encode())

    def noted(self, text: str) -> UUID | None:
        """The notice whose token stands in ``text``, if we have signed it."""
        for found in _OURS.finditer(text.lower()):
            notice_id = UUID(found[1])
            if hmac.compare_digest(self._signature(notice_id), found[2]):
                return notice_id
        return None

    def _signature(self, notice_id: UUID) -> str:
        message = b"bounce" + notice_id.bytes
        return hmac.new(self.secret, message, sha256).hexdigest()[:_SIGNATURE_CHARS]


@dataclass(frozen=True, slots=True)
class MailReports:
    """Where they come to, and by what our mails are known: ``sender_domain`` is that of their
    ``Message-ID``."""

    bounces: BounceAddress
    sender_domain: str


@dataclass(frozen=True, slots=True)
class MailReport:
    """What became of a notice's mail. ``verdict`` none: it is on its way, or nobody knows."""

    notice_id: UUID | None
    """None where it is of no mail of ours."""
    verdict: Verdict | None
    reason: str


def report_in(body: bytes, ours: MailReports) -> MailReport:
    """Raises `UnreadableBounce`. Which notice it is of says our signed token, in the envelope's id
    or the address that the report came to, or else the ``Message-ID`` of the mail that it brings
    back; that it arrived is believed by a token alone."""
    # Not a policy that takes headers apart: what a stranger writes there must not raise.
    try:
        message = message_from_bytes(body, policy=policy.compat32)
        blocks = _blocks(message)
    except RecursionError as error:
        raise UnreadableBounce("its parts lie too deep within each other") from error
    if not blocks:
        raise UnreadableBounce("it has no part message/delivery-status")
    of_message, recipients = blocks[0], blocks[1:]
    said = [_said_of(each) for each in recipients]
    heard = {verdict for verdict, _ in said}
    verdict = next((each for each in (Verdict.BOUNCED, Verdict.DELIVERED) if each in heard), None)
    places = [str(of_message.get("Original-Envelope-Id", ""))]
    places += [str(each) for name in _TO for each in message.get_all(name, [])]
    notice_id = next((found for each in places if (found := ours.bounces.noted(each))), None)
    if notice_id is None and verdict is not Verdict.DELIVERED:
        notice_id = _brought_back(message, ours.sender_domain)
    reason = next((why for found, why in said if found is verdict), "")
    return MailReport(notice_id, verdict, reason)


def _blocks(message: Message) -> Sequence[Message]:
    """The fields of the report: of the mail, then of each recipient."""
    if message.get_content_type() != "multipart/report":
        return ()
    return next(
        (
            _inner(part)[:_BLOCKS_MAX]
            for part in message.walk()
            if part.get_content_type() == "message/delivery-status"
        ),
        (),
    )


def _inner(part: Message) -> Sequence[Message]:
    """What a part is made of, where it is made of parts."""
    return cast("list[Message]", part.get_payload()) if part.is_multipart() else []


def _said_of(recipient: Message) -> tuple[Verdict | None, str]:
    action = _value(recipient, "Action").lower()
    verdict = {"failed": Verdict.BOUNCED, "delivered": Verdict.DELIVERED}.get(action)
    status, diagnostic = _value(recipient, "Status"), _value(recipient, "Diagnostic-Code")
    words = " ".join(f"mail {action} {status} {diagnostic}".split())
    return verdict, words[:_SAID_MAX]


def _value(block: Message, name: str) -> str:
    return str(block.get(name, "")).strip()


def _brought_back(message: Message, sender_domain: str) -> UUID | None:
    """The notice by the mail that the report brings back, or by its head."""
    for part in message.walk():
        heads: Sequence[Message] = ()
        match part.get_content_type():
            case "message/rfc822":
                heads = _inner(part)
            case "text/rfc822-headers":
                raw: Any = part.get_payload(decode=True)
                text = str(raw or b"", "utf-8", "replace")
                heads = [HeaderParser(policy=policy.compat32).parsestr(text)]
            case _:
                pass
        said = " ".join(_value(each, "Message-ID") for each in heads).lower()
        found = _MESSAGE_ID.search(said)
        if found and found[2] == sender_domain.lower():
            return UUID(found[1])
    return None
