"""What a use case says no by."""

from http import HTTPStatus
from typing import ClassVar


class Refusal(Exception):
    """What was asked cannot be done, and nothing was changed. Subclass it for each reason.

    The message is for the person who asked: what is in the way, and what to do. Over HTTP it is
    the detail of a problem of kind ``kind``, with ``status``.
    """

    status: ClassVar[HTTPStatus] = HTTPStatus.CONFLICT
    kind: ClassVar[str] = "refused"


class NeedsSecondPerson(Refusal):
    """What one person began another must agree to; the message names who may not."""

    status = HTTPStatus.FORBIDDEN
    kind = "needs-second-person"
