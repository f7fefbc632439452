"""Reports of mails' delivery, as mail servers write them."""

_POSTFIX = """\
Received: by mx.utility.example (Postfix) id 4F1; Sun, 29 Nov 2026 10:00:00 +0000 (UTC)
From: MAILER-DAEMON@mx.utility.example (Mail Delivery System)
Subject: {subject}
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4F1.1/mx.utility.example"

This is a MIME-encapsulated message.

--4F1.1/mx.utility.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.utility.example.

--4F1.1/mx.utility.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.utility.example
{envelope}X-Postfix-Queue-ID: 4F1
Arrival-Date: Sun, 29 Nov 2026 09:59:58 +0000 (UTC)

Final-Recipient: rfc822; li@home.example
Original-Recipient: rfc822;li@home.example
Action: {action}
Status: {status}
Remote-MTA: dns; mx.home.example
Diagnostic-Code: smtp; {status} <li@home.example>: says
    the server

--4F1.1/mx.utility.example
Content-Description: Message
Content-Type: {kind}

{original}
--4F1.1/mx.utility.example--
"""


def postfix(
    *,
    action: str = "failed",
    status: str = "5.1.1",
    to: str = "notices@utility.example",
    envelope: str = "",
    message_id: str = "",
    kind: str = "message/rfc822",
) -> bytes:
    """``envelope``: what the mail was handed in with as ENVID. ``message_id``: of the mail that it
    brings back."""
    original = f"From: notices@utility.example\nMessage-ID: {message_id}\nSubject: s\n"
    return _POSTFIX.format(
        subject="Undelivered Mail Returned to Sender",
        to=to,
        envelope=f"Original-Envelope-Id: {envelope}\n" if envelope else "",
        action=action,
        status=status,
        kind=kind,
        original=original,
    ).encode()
