"""Why a policy, a protection or a protected period is refused."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class InvalidDocument(Refusal):
    """It is no supply policy."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "invalid-document"


class UnknownPolicy(Refusal):
    """There is no such policy."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-policy"


class PolicyRefused(Refusal):
    """It cannot be published or withdrawn so."""

    kind = "policy-refused"


class UnknownProtection(Refusal):
    """There is no such protection of the account."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-protection"


class ProtectionRefused(Refusal):
    """The policy in force does not allow it so."""

    kind = "protection-refused"


class UnknownPeriod(Refusal):
    """There is no such protected period."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-protected-period"


class PeriodRefused(Refusal):
    """A protected period cannot be so."""

    kind = "protected-period-refused"
