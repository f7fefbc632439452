"""Why something about batch debits is refused."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownProfile(Refusal):
    """No bank of that name takes batch debits by the settings."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-debit-profile"


class UnknownDebitFile(Refusal):
    """No such file."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-debit-file"


class UnknownDebtor(Refusal):
    """No such mandate, or nobody has told whose account it is."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-debtor"


class DebtorRefused(Refusal):
    """It would not fit into the bank's file."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "debtor-refused"


class CollectDayRefused(Refusal):
    """Banks do not work on that day, or it is over."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "collect-day-refused"


class FileOpen(Refusal):
    """Another file of the bank is still being made."""

    kind = "debit-file-open"


class FileNotSo(Refusal):
    """The file is in a state in which that is not done."""

    kind = "debit-file-not-so"


class ResultRefused(Refusal):
    """The bank's answer cannot be read. Nothing of it was kept."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "debit-result-refused"


class KeyUsedBefore(Refusal):
    """The Idempotency-Key came before with something else."""

    kind = "idempotency-key-used"


class AnswerNotOpen(Refusal):
    """No such answer, or nothing is to be done about it."""

    kind = "debit-answer-not-open"
