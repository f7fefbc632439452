"""What Tencent Cloud's codes mean for a notice."""

from http import HTTPStatus
from typing import NamedTuple

import msgspec

from notifier.channels.http_peer import failure_of
from notifier.channels.ports import PeerDown, PermanentFailure, TransientFailure

_FINAL = (
    "FailedOperation.ContainSensitiveWord",
    "FailedOperation.ForbidAddMarketingTemplates",
    "FailedOperation.PhoneNumberInBlacklist",
    "InvalidParameterValue.ContentLengthLimit",
    "InvalidParameterValue.IncorrectPhoneNumber",
    "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter",
    "InvalidParameterValue.TemplateParameterFormatError",
    "InvalidParameterValue.TemplateParameterLengthLimit",
    "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone",
    "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone",
    "UnsupportedOperation.UnsupportedRegion",
)
"""Of the number, or of what this notice says."""
_PER_NUMBER = (
    "LimitExceeded.PhoneNumber",
    "LimitExceeded.DeliveryFrequencyLimit",
)
"""More than a number gets in a while."""
_OURS = (
    "AuthFailure",
    "FailedOperation.InsufficientBalanceInSmsPackage",
    "FailedOperation.SignatureIncorrectOrUnapproved",
    "InternalError",
    "InvalidParameterValue.SdkAppIdNotExist",
    "LimitExceeded",
    "RequestLimitExceeded",
    "ResourceInsufficient",
    "ResourceUnavailable",
    "UnauthorizedOperation",
)
"""Of our account or of the gateway: nothing goes until somebody puts it right."""
_ANSWER_MAX = 200


class Accepted(NamedTuple):
    """``fee``: so many SMS it counts."""

    message_id: str
    fee: int | None


class _Said(msgspec.Struct, frozen=True):
    code: str = msgspec.field(name="Code")
    message: str = msgspec.field(name="Message", default="")
    message_id: str = msgspec.field(name="SerialNo", default="")
    fee: int = msgspec.field(name="Fee", default=0)


class _Response(msgspec.Struct, frozen=True):
    error: _Said | None = msgspec.field(name="Error", default=None)
    statuses: tuple[_Said, ...] = msgspec.field(name="SendStatusSet", default=())


class _Answer(msgspec.Struct, frozen=True):
    response: _Response = msgspec.field(name="Response")


def accepted_as(*, status: int, body: str) -> Accepted:
    """What is of one template, such as one not approved yet, may pass."""
    try:
        answer = msgspec.json.decode(body, type=_Answer).response
        if answer.error is None and not answer.statuses:
            raise msgspec.ValidationError("neither a status nor an error")
    except msgspec.MsgspecError as error:
        if status >= HTTPStatus.MULTIPLE_CHOICES:
            raise failure_of(status, body) from error
        detail = f"Tencent Cloud answers without a code: {body[:_ANSWER_MAX]}"
        raise TransientFailure(detail) from error
    said = answer.error or answer.statuses[0]
    if said.code == "Ok":
        return Accepted(said.message_id, said.fee if 0 < said.fee < 256 else None)
    detail = f"Tencent Cloud answers {said.code}: {said.message}"[:_ANSWER_MAX]
    if said.code.startswith(_FINAL):
        raise PermanentFailure(detail)
    if said.code.startswith(_OURS) and not said.code.startswith(_PER_NUMBER):
        raise PeerDown(detail)
    raise TransientFailure(detail)
