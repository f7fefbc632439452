"""Why something about a command key is refused."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownKeyId(Refusal):
    """There is no such key."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-command-key"


class KeyRefused(Refusal):
    """Meters would be left without a key that they can check commands with, or hold too many."""

    kind = "command-key-refused"
