"""Why something about a procedure is refused."""

from http import HTTPStatus

from prewatt_common.refusals import Refusal


class UnknownDraft(Refusal):
    """There is no such draft of a procedure."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-procedure"


class InvalidDocument(Refusal):
    """The document is no procedure; the message names the place at fault."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "invalid-procedure"


class ProcedureRefused(Refusal):
    """It may not be published, or not as it is; the message says what to do instead."""

    kind = "procedure-refused"


class UnknownStep(Refusal):
    """There is no such step, or evidence of one."""

    status = HTTPStatus.NOT_FOUND
    kind = "unknown-step"


class StepRefused(Refusal):
    """That is no evidence of the step; the message says what would be."""

    kind = "step-refused"
