"""What Aliyun's codes mean for a notice."""

from http import HTTPStatus

import msgspec

from notifier.channels.http_peer import failure_of
from notifier.channels.ports import PeerDown, PermanentFailure, TransientFailure

_FINAL = frozenset(
    {
        "isv.MOBILE_NUMBER_ILLEGAL",
        "isv.BLACK_KEY_CONTROL_LIMIT",
        "isv.PARAM_LENGTH_LIMIT",
        "isv.PARAM_NOT_SUPPORT_URL",
        "isv.DENY_IP_RANGE_AREA",
    }
)
"""Of the number, or of what this notice says."""
_OURS = frozenset(
    {
        "isv.AMOUNT_NOT_ENOUGH",
        "isv.OUT_OF_SERVICE",
        "isv.PRODUCT_UN_SUBSCRIPT",
        "isv.PRODUCT_UNSUBSCRIBE",
        "isv.ACCOUNT_NOT_EXISTS",
        "isv.ACCOUNT_ABNORMAL",
        "isv.DAY_LIMIT_CONTROL",
        "isv.MONTH_LIMIT_CONTROL",
        "isv.SMS_SIGNATURE_ILLEGAL",
        "isv.SMS_SIGNATURE_SCENE_ILLEGAL",
        "isv.DENY_IP_RANGE",
        "isp.RAM_PERMISSION_DENY",
        "isp.SYSTEM_ERROR",
        "SignatureDoesNotMatch",
        "SignatureNonceUsed",
        "IncompleteSignature",
        "Forbidden",
    }
)
"""Of our account: nothing goes until somebody puts it right."""
_OURS_BEGIN = (
    "InvalidAccessKeyId",
    "InvalidTimeStamp",
    "Throttling",
    "Forbidden.",
    "ServiceUnavailable",
)
_ANSWER_MAX = 200


class _Answer(msgspec.Struct, frozen=True):
    code: str = msgspec.field(name="Code")
    message: str = msgspec.field(name="Message", default="")
    message_id: str = msgspec.field(name="BizId", default="")


def accepted_as(*, status: int, body: str) -> str:
    """Its number of the message. What is of one template, such as one not approved yet, and
    ``isv.BUSINESS_LIMIT_CONTROL``, more than a number gets in a while, may pass."""
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except msgspec.MsgspecError as error:
        if status >= HTTPStatus.MULTIPLE_CHOICES:
            raise failure_of(status, body) from error
        raise TransientFailure(f"Aliyun answers without a code: {body[:_ANSWER_MAX]}") from error
    if answer.code == "OK":
        return answer.message_id
    detail = f"Aliyun answers {answer.code}: {answer.message}"[:_ANSWER_MAX]
    if answer.code in _FINAL:
        raise PermanentFailure(detail)
    if answer.code in _OURS or answer.code.startswith(_OURS_BEGIN):
        raise PeerDown(detail)
    raise TransientFailure(detail)
