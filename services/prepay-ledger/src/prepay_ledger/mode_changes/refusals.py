"""Why a change of mode is refused."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownModeChange(Refusal):
    """There is no such change."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-mode-change"


class ModeChangeRefused(Refusal):
    """It cannot be asked for, noticed or cancelled so."""

    kind = "mode-change-refused"


class KeyUsedBefore(Refusal):
    """The Idempotency-Key came before with something else."""

    kind = "idempotency-key-used"
