"""What comes back of a mail: reports of its delivery (RFC 3464), and where they come to."""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message
from email.utils import parseaddr
from hashlib import sha256
from typing import cast
from uuid import UUID

from notifier.channels.ports import Verdict

_SIGNATURE_CHARS = 16
_OURS = re.compile(r"\b([0-9a-f]{32})-([0-9a-f]{16})\b")
_TO = ("To", "Delivered-To", "X-Original-To")
_BLOCKS_MAX = 100
_BOUNDARIES_MAX = 40
_LINES_MAX = 30_000
_MAILERS = ("mailer-daemon", "postmaster")
_SAID_MAX = 300


class UnreadableBounce(Exception):
    """It is no report of a mail's delivery."""


@dataclass(frozen=True, slots=True)
class BounceAddress:
    """Where reports come to: ``prewatt+...@utility.example``. Each notice has a signed address of
    its own there (VERP), so that whoever has not had its mail can report nothing as delivered."""

    address: str
    secret: bytes
    """The end of the address that the mail server calls, which stands in its configuration."""
    key: bytes
    """What signs the addresses: whoever reads the mail server's configuration can sign none."""

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
        return hmac.new(self.key, message, sha256).hexdigest()[:_SIGNATURE_CHARS]


@dataclass(frozen=True, slots=True)
class MailReport:
    """What became of a notice's mail. ``verdict`` none: it is on its way, or nobody knows."""

    notice_id: UUID | None
    """None where it is of no mail of ours."""
    verdict: Verdict | None
    reason: str


def report_in(body: bytes, ours: BounceAddress) -> MailReport:
    """Raises `UnreadableBounce`. Which notice it is of says our signed token alone, in the
    envelope's id or the address that the report came to: a notice's id follows from an event that
    others are told of, so by its ``Message-ID`` anybody could take evidence back."""
    if body.lower().count(b"boundary") > _BOUNDARIES_MAX or body.count(b"\n") > _LINES_MAX:
        # Each line is compared with each boundary: a stranger's mail could take minutes.
        raise UnreadableBounce("it is made of too many parts, or lines")
    # Not a policy that takes headers apart: what a stranger writes there must not raise.
    try:
        message = message_from_bytes(body, policy=policy.compat32)
        blocks = _blocks(message)
    except (RecursionError, ValueError, LookupError) as error:
        raise UnreadableBounce(f"it cannot be taken apart: {error}") from error
    addressed = [str(each) for name in _TO for each in message.get_all(name, [])]
    if not blocks:
        return _without_report(message, addressed, ours)
    of_message, recipients = blocks[0], blocks[1:]
    said = [_said_of(each) for each in recipients]
    heard = {verdict for verdict, _ in said}
    verdict = next((each for each in (Verdict.BOUNCED, Verdict.DELIVERED) if each in heard), None)
    notice_id = ours.noted(" ".join([_value(of_message, "Original-Envelope-Id"), *addressed]))
    reason = next((why for found, why in said if found is verdict), "")
    return MailReport(notice_id, verdict, reason)


def _without_report(
    message: Message, addressed: Sequence[str], bounces: BounceAddress
) -> MailReport:
    """A mail server that writes no report (qmail does not) still sends the mail back to the address
    that we signed. What a person or their machine answers is none of that. Raises
    `UnreadableBounce`."""
    notice_id = bounces.noted(" ".join(addressed))
    local = parseaddr(_value(message, "From"))[1].partition("@")[0].lower()
    if notice_id is None or local not in _MAILERS:
        raise UnreadableBounce("it has no part message/delivery-status")
    return MailReport(notice_id, Verdict.BOUNCED, "mail came back without a report")


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
