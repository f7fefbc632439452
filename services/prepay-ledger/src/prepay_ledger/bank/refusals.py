"""Why a bank's file, or something about a line of it, is refused."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class StatementRefused(Refusal):
    """The file cannot be read, or does not add up. Nothing of it was kept."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "statement-refused"


class UnknownBankAccount(Refusal):
    """A statement of an account that is none of ours. Nothing was kept."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "unknown-bank-account"


class BankAccountExists(Refusal):
    """It is known with another currency or name."""

    kind = "bank-account-exists"


class KeyUsedBefore(Refusal):
    """The Idempotency-Key came before with another file."""

    kind = "idempotency-key-used"


class UnknownStatementFile(Refusal):
    """No such file."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-bank-file"


class NoGap(Refusal):
    """No statement of that id, or it begins where another ended, or somebody has accepted it."""

    kind = "no-statement-gap"


class UnknownLine(Refusal):
    """No such line."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-bank-line"


class LineNotOpen(Refusal):
    """Nothing is to be done about the line, or that was done before."""

    kind = "bank-line-not-open"


class NotTakeable(Refusal):
    """The line is none that could be a payment, or names a debit of another amount, or a refund."""

    kind = "bank-line-no-payment"


class LineNamesDebit(Refusal):
    """The line names a batch debit of ours, so it is no payout of a provider."""

    kind = "bank-line-names-debit"


class LineNamesRefund(Refusal):
    """The line names a refund of ours, so it is no payout of a provider."""

    kind = "bank-line-names-refund"
