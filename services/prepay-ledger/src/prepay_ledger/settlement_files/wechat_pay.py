"""WeChat Pay's trade bill (交易账单) of a day, of all trades, as its v3 API gives it.

Each field has a backtick before it, so that spreadsheets leave it as it is; a name of goods may
have commas. The last two lines are the totals: their names, and what they are.
"""

from collections.abc import Mapping, Sequence

from prepay_ledger.bank_files.amounts import currency_of
from prepay_ledger.bank_files.values import LINES_MAX, Unreadable
from prepay_ledger.providers.orders import account_number_of
from prepay_ledger.settlement_files.fields import (
    NUMBER_CHARACTERS_MAX,
    TEXT_CHARACTERS_MAX,
    check_merchant,
    check_total,
    id_of,
    instant_of,
    lines_of,
    micro_or_zero,
)
from prepay_ledger.settlement_files.values import Expected, LineKind, Lines, SettledLine

_LINES_OF_TOTALS = 2
_COUNT = "总交易单数"
_TOTALS = {
    "应结订单总金额": "应结订单金额",
    "退款总金额": "退款金额",
    "充值券退款总金额": "充值券退款金额",
    "手续费总金额": "手续费",
    "订单总金额": "订单金额",
    "申请退款总金额": "申请退款金额",
}
_COLUMNS = (
    "交易时间", "商户号", "微信订单号", "商户订单号", "交易状态", "货币种类", "应结订单金额",
    "微信退款单号", "退款金额", "退款状态", "商户数据包", "手续费", "订单金额", "申请退款金额",
)  # fmt: skip
_REFUNDED = frozenset({"SUCCESS", "PROCESSING", ""})

_Row = Mapping[str, str]


def read_wechat_pay(body: bytes, expected: Expected) -> Lines:
    """Raises `Unreadable`."""
    lines = lines_of(body, "utf-8")
    header = _header(lines)
    ends = [at for at, line in lines if line.lstrip("`").startswith(_COUNT)]
    if len(ends) != 1:
        message = f"the file has no line of totals ({_COUNT}), or several: it is not whole"
        raise Unreadable(message)
    rows = [_row(line, header, f"line {at}") for at, line in lines[1:] if at < ends[0]]
    if len(rows) > LINES_MAX:
        message = f"the file has over {LINES_MAX} lines"
        raise Unreadable(message)
    _check_totals([line for line in lines if line[0] >= ends[0]], rows)
    return [_line(row, expected, where) for where, row in rows]


def _header(lines: Sequence[tuple[int, str]]) -> Sequence[str]:
    names = [each.strip("` ") for each in lines[0][1].split(",")] if lines else []
    if lacking := [each for each in _COLUMNS if each not in names]:
        message = f"line 1: the header has no column {', '.join(lacking)}"
        raise Unreadable(message)
    return names


def _row(line: str, names: Sequence[str], where: str) -> tuple[str, _Row]:
    if not line.startswith("`"):
        message = f"{where}: it does not begin with a backtick"
        raise Unreadable(message)
    fields = line[1:].split(",`")
    if len(fields) != len(names):
        message = f"{where}: it has {len(fields)} fields, and the header {len(names)}"
        raise Unreadable(message)
    return where, dict(zip(names, (each.strip() for each in fields), strict=True))


def _check_totals(ends: Sequence[tuple[int, str]], rows: Sequence[tuple[str, _Row]]) -> None:
    if len(ends) != _LINES_OF_TOTALS:
        message = f"line {ends[0][0]}: one line of totals has to follow, and nothing else"
        raise Unreadable(message)
    (_, names), (at, told) = ends
    where, totals = _row(told, [each.strip("` ") for each in names.split(",")], f"line {at}")
    if totals[_COUNT] != str(len(rows)):
        message = f"{where}: {_COUNT} is {totals[_COUNT][:20]!r}, and there are {len(rows)} lines"
        raise Unreadable(message)
    for name, column in _TOTALS.items():
        if name in totals:
            found = sum(micro_or_zero(row[column], where=line) for line, row in rows)
            check_total(micro_or_zero(totals[name], where=where), found, what=name, where=where)


def _line(row: _Row, expected: Expected, where: str) -> SettledLine:
    check_merchant(row["商户号"], expected.merchants, where=where)
    order, settled, asked, refunded, fee = (
        micro_or_zero(row[name], where=where)
        for name in ("订单金额", "应结订单金额", "申请退款金额", "退款金额", "手续费")
    )
    payment_id = id_of(row["微信订单号"], what="微信订单号", where=where)
    kind, movement_id, amount = LineKind.OTHER, payment_id, order - asked
    match row["交易状态"]:
        case "SUCCESS":
            kind, amount = LineKind.PAYMENT, order
        case "REFUND" if row["退款状态"] in _REFUNDED:
            kind, amount = LineKind.REFUND, asked
            movement_id = id_of(row["微信退款单号"], what="微信退款单号", where=where)
        case "REVOKED":
            kind, amount = LineKind.REVERSAL, asked or order
        case _:
            pass
    if amount <= 0 and kind is not LineKind.OTHER:
        message = f"{where}: a {kind} of {amount} micro-units"
        raise Unreadable(message)
    # What the merchant's own coupons paid reaches nobody: as a fee, it is not owed to us.
    coupons = (order - settled) if kind is LineKind.PAYMENT else (refunded - asked)
    return SettledLine(
        kind=kind,
        payment_id=payment_id,
        movement_id=movement_id,
        amount_micro=amount,
        fee_micro=fee + (0 if kind is LineKind.OTHER else coupons),
        currency=currency_of(row["货币种类"], where=where),
        account_number=account_number_of(attached=row["商户数据包"], order=row["商户订单号"])[
            :NUMBER_CHARACTERS_MAX
        ],
        at=instant_of(
            row["交易时间"], form="%Y-%m-%d %H:%M:%S", zone=expected.days.zone, where=where
        ),
        text=row.get("商品名称", "")[:TEXT_CHARACTERS_MAX],
        place=where,
    )
