"""What Alipay's notices of a trade tell (opendocs.alipay.com/open/270/105902).

One trade has many notices: TRADE_SUCCESS and, once it can be refunded no more, TRADE_FINISHED are
the same payment. Amounts are yuan as decimal text. The account number is ``passback_params``, else
what stands before the last underscore of ``out_trade_no``.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from urllib.parse import unquote_plus, unquote_to_bytes

from pydantic import ValidationError

from prepay_ledger.providers.amounts import micro_of_decimal
from prepay_ledger.providers.orders import account_number_of, request_id_of
from prepay_ledger.providers.reading import Movement, type_of, unreadable
from prepay_ledger.providers.values import Kind, Other, Reading, Told, Unreadable

_CHINA = timezone(timedelta(hours=8))
_PARAMETERS_MAX = 200
_CHARSETS = {"": "utf-8", "utf-8": "utf-8", "gbk": "gbk", "gb2312": "gbk", "gb18030": "gb18030"}


def form_of(body: bytes) -> dict[bytes, bytes] | None:
    """The parameters as bytes; none for what is no form, or names one twice: which of the two were
    signed could not be said."""
    pairs = [each.partition(b"=") for each in body.split(b"&", _PARAMETERS_MAX)]
    names = [_decoded(name) for name, _, _ in pairs]
    if len(set(names)) != len(names) or not all(equals for _, equals, _ in pairs):
        return None
    return dict(zip(names, (_decoded(value) for _, _, value in pairs), strict=True))


def text_of(form: Mapping[bytes, bytes], name: bytes) -> str:
    """A parameter in the form's charset; empty where there is none."""
    charset = form.get(b"charset", b"").decode("latin-1").lower()
    return form.get(name, b"").decode(_CHARSETS.get(charset, "utf-8"), "replace")


def china_time(text: str) -> datetime | None:
    """``2026-11-28 17:30:00`` as Alipay writes it, in China's time; none for anything else."""
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=_CHINA)
    except ValueError:
        return None


def read_notice(plain: bytes, *, app_ids: frozenset[str], seller_ids: frozenset[str]) -> Reading:
    """Never raises. Money for another app or seller than ours is kept and not counted."""
    form = form_of(plain)
    if form is None:
        return Unreadable(None, "the body is no form")
    status = type_of(text_of(form, b"trade_status"))
    if not status:
        return Other(type_of(text_of(form, b"notify_type")), "it is about no trade")
    for name, ours in ((b"app_id", app_ids), (b"seller_id", seller_ids)):
        if (given := text_of(form, name)) not in ours:
            return Unreadable(status, f"{name.decode()}: {given[:40]!r} is not ours")
    kind = _kind(status, refund=bool(text_of(form, b"gmt_refund")))
    if kind is None:
        return Other(status, f"trade_status is {status}: nothing is paid")
    return _told(kind, status, form)


def _kind(status: str, *, refund: bool) -> Kind | None:
    """A refund's own notice has the state that the trade is left in. One that is finished can be
    refunded no more, so its notice is the payment's whatever was refunded before."""
    match status:
        case "TRADE_SUCCESS" | "TRADE_CLOSED" if refund:
            return Kind.REFUNDED
        case "TRADE_SUCCESS" | "TRADE_FINISHED":
            return Kind.PAID
        case "TRADE_CLOSED":
            return Kind.FAILED
        case _:
            return None


def _told(kind: Kind, status: str, form: Mapping[bytes, bytes]) -> Reading:
    refund = kind is Kind.REFUNDED
    name, paid_at = (b"refund_fee", b"gmt_refund") if refund else (b"total_amount", b"gmt_payment")
    amount_micro = micro_of_decimal(text_of(form, name))
    if amount_micro is None:
        return Unreadable(status, f"{name.decode()}: it is no amount in yuan")
    trade_no = text_of(form, b"trade_no")
    try:
        movement = Movement(
            payment_id=trade_no,
            movement_id=(text_of(form, b"out_biz_no") if refund else "") or trade_no,
            account_number=account_number_of(
                attached=unquote_plus(text_of(form, b"passback_params")),
                order=text_of(form, b"out_trade_no"),
            ),
            amount_micro=amount_micro,
            currency="CNY",
            # Of a refund the number that it was asked for by.
            request_id=request_id_of(text_of(form, b"out_biz_no" if refund else b"out_trade_no")),
            # Of a refund with fractions of a second.
            at=china_time(text_of(form, paid_at).partition(".")[0]),
        )
    except ValidationError as error:
        return unreadable(status, error)
    return Told(kind=kind, type=status, cumulative=refund, **movement.model_dump())


def _decoded(text: bytes) -> bytes:
    return unquote_to_bytes(text.replace(b"+", b" "))
