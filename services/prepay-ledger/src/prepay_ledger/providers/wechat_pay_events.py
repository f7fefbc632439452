"""What notices of WeChat Pay v3 tell (pay.weixin.qq.com/doc/v3/merchant/4012071383).

The account number is ``attach`` where the order has one, else what stands before the last
underscore of ``out_trade_no``. Amounts are in fen (分), the whole order's: what coupons paid too.
"""

import json
from typing import Any, Literal

from pydantic import ValidationError

from prepay_ledger.providers.amounts import micro_of_minor
from prepay_ledger.providers.orders import account_number_of, request_id_of
from prepay_ledger.providers.reading import (
    Document,
    Movement,
    ProviderId,
    instant_of,
    type_of,
    unreadable,
)
from prepay_ledger.providers.values import Kind, Other, Reading, Told, Unreadable


class _Notice(Document):
    event_type: str


class _OpenNotice(_Notice):
    resource: dict[str, Any]


class _Amount(Document):
    total: int
    refund: int = 0
    currency: str = "CNY"


class _Transaction(Document):
    """After a payment; ``trade_state`` is SUCCESS, REVOKED and the like."""

    mchid: str
    out_trade_no: str
    transaction_id: ProviderId
    trade_state: str
    attach: str = ""
    success_time: str = ""
    amount: _Amount


class _Refund(Document):
    """After a refund. It does not repeat ``attach``: the account is its payment's."""

    mchid: str
    transaction_id: ProviderId
    refund_id: ProviderId
    out_refund_no: str = ""
    refund_status: Literal["SUCCESS", "CLOSED", "ABNORMAL", "PROCESSING"]
    success_time: str = ""
    amount: _Amount


_PAYMENTS = {"SUCCESS": Kind.PAID, "REFUND": Kind.PAID, "REVOKED": Kind.REVERSED,
             "PAYERROR": Kind.FAILED, "CLOSED": Kind.FAILED}  # fmt: skip
"""REFUND: it was paid, and a part of it was given back since."""
_REFUNDS = {"SUCCESS": Kind.REFUNDED, "CLOSED": Kind.REFUND_FAILED}
"""ABNORMAL is neither: the payer's card is dead, the merchant completes the refund at WeChat, and
then it succeeds under the same id."""


def join(body: bytes, opened: bytes) -> bytes:
    """The notice with what its ``resource`` held; the body where that is no JSON object."""
    try:
        return json.dumps(json.loads(body) | {"resource": json.loads(opened)}).encode()
    except (ValueError, RecursionError):
        return body


def read_event(plain: bytes, *, merchant_ids: frozenset[str]) -> Reading:
    """Never raises. Money for another merchant than ours is kept and not counted."""
    try:
        kind = type_of(_Notice.model_validate_json(plain).event_type)
        notice = _OpenNotice.model_validate_json(plain)
    except ValidationError as error:
        return unreadable(None, error)
    if "ciphertext" in notice.resource:
        return Unreadable(kind, "resource: none of the APIv3 keys of this provider opens it")
    try:
        if kind.startswith("TRANSACTION."):
            return _payment(kind, _Transaction.model_validate(notice.resource), merchant_ids)
        if kind.startswith("REFUND."):
            return _refund(kind, _Refund.model_validate(notice.resource), merchant_ids)
    except ValidationError as error:
        return unreadable(kind, error)
    return Other(kind, f"events of type {kind} are not known yet")


def _payment(kind: str, paid: _Transaction, merchant_ids: frozenset[str]) -> Reading:
    if paid.mchid not in merchant_ids:
        return _for_another(kind, paid.mchid)
    outcome = _PAYMENTS.get(paid.trade_state)
    if outcome is None:
        return Other(kind, f"trade_state is {paid.trade_state[:40]!r}: nothing is paid")
    movement = Movement(
        payment_id=paid.transaction_id,
        movement_id=paid.transaction_id,
        account_number=account_number_of(attached=paid.attach, order=paid.out_trade_no),
        amount_micro=micro_of_minor(paid.amount.total, paid.amount.currency),
        currency=paid.amount.currency,
        at=instant_of(paid.success_time),
        request_id=request_id_of(paid.out_trade_no),
    )
    return Told(kind=outcome, type=kind, **movement.model_dump())


def _refund(kind: str, refund: _Refund, merchant_ids: frozenset[str]) -> Reading:
    if refund.mchid not in merchant_ids:
        return _for_another(kind, refund.mchid)
    outcome = _REFUNDS.get(refund.refund_status)
    if outcome is None:
        return Other(kind, "the refund is not through yet")
    movement = Movement(
        payment_id=refund.transaction_id,
        movement_id=refund.refund_id,
        account_number="",
        amount_micro=micro_of_minor(refund.amount.refund, refund.amount.currency),
        currency=refund.amount.currency,
        at=instant_of(refund.success_time),
        request_id=request_id_of(refund.out_refund_no),
    )
    return Told(kind=outcome, type=kind, **movement.model_dump())


def _for_another(kind: str, merchant_id: str) -> Unreadable:
    return Unreadable(kind, f"mchid: it is for merchant {merchant_id[:40]!r}, who is not ours")
