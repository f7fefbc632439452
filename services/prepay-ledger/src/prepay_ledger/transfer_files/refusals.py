"""Why something about files of transfers is refused."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownBank(Refusal):
    """No bank of that name pays by files, by the settings."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-transfer-bank"


class UnknownTransferFile(Refusal):
    """No such file."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-transfer-file"


class PayDayRefused(Refusal):
    """Banks do not work on that day, or it is over."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "pay-day-refused"


class NothingToPay(Refusal):
    """No refund waits for a transfer."""

    kind = "nothing-to-transfer"


class TransferUnwritable(Refusal):
    """A refund does not fit into the bank's file. Nothing was made."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "transfer-unwritable"


class FileNotSo(Refusal):
    """The file is in a state in which that is not done."""

    kind = "transfer-file-not-so"


class TransferResultRefused(Refusal):
    """The bank's answer cannot be read. Nothing of it was kept."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "transfer-result-refused"


class AnswerNotOpen(Refusal):
    """No such answer, or nothing is to be done about it."""

    kind = "transfer-answer-not-open"


class AnswerNotSo(Refusal):
    """By that answer no refund is known not to be paid."""

    kind = "transfer-answer-not-so"
