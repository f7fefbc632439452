"""Alipay's itemised trade bill (业务明细) of a day: GBK, with lines of comment around the table,
which tell whose it is and what it sums to."""

import csv
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

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

_COLUMNS = (
    "支付宝交易号", "商户订单号", "业务类型", "创建时间", "完成时间", "订单金额(元)",
    "商家实收(元)", "退款批次号/请求号", "服务费(元)",
)  # fmt: skip
_ACCOUNT = re.compile(r"账号[:：]\s*\[?([0-9]+)")
_SUM = re.compile(r"(交易|退款)合计[:：]\s*([0-9]+)笔[,，]\s*商家实收(?:退款)?共\s*(-?[0-9.]+)元")
_END = "列表结束"
_KINDS = {"交易": LineKind.PAYMENT, "退款": LineKind.REFUND}
_PARENTHESES = str.maketrans("（）", "()")
_MERCHANT_DIGITS = 16
"""A merchant's id; the account in the file has four more, of the account within it."""


class _Row(NamedTuple):
    where: str
    fields: Mapping[str, str]

    def micro(self, column: str) -> int:
        """An amount; none where the column is not there."""
        return micro_or_zero(self.fields.get(column, ""), where=self.where)


def read_alipay(body: bytes, expected: Expected) -> Lines:
    """Raises `Unreadable`."""
    lines = lines_of(body, "gbk")
    comments = [(at, line) for at, line in lines if line.startswith("#")]
    if not any(_END in line for _, line in comments):
        message = f"the file has no line #...{_END}: it is not whole"
        raise Unreadable(message)
    for at, line in comments:
        if found := _ACCOUNT.search(line):
            number = found[1][:_MERCHANT_DIGITS]
            check_merchant(number, expected.merchants, where=f"line {at}")
    rows = _rows([(at, line) for at, line in lines if not line.startswith("#")])
    _check_totals(comments, rows)
    return [_line(row, expected) for row in rows]


def _rows(lines: Sequence[tuple[int, str]]) -> Sequence[_Row]:
    names = [each.strip().translate(_PARENTHESES) for each in _fields(*lines[0])] if lines else []
    if lacking := [each for each in _COLUMNS if each not in names]:
        where = f"line {lines[0][0]}" if lines else "the file"
        message = f"{where}: the header has no column {', '.join(lacking)}"
        raise Unreadable(message)
    if len(lines) > LINES_MAX:
        message = f"the file has over {LINES_MAX} lines"
        raise Unreadable(message)
    rows: list[_Row] = []
    for at, line in lines[1:]:
        fields = _fields(at, line)
        if len(fields) < len(names):
            message = f"line {at}: it has {len(fields)} fields, and the header {len(names)}"
            raise Unreadable(message)
        named = dict(zip(names, (each.strip() for each in fields), strict=False))
        rows.append(_Row(f"line {at}", named))
    return rows


def _fields(at: int, line: str) -> Sequence[str]:
    try:
        return next(csv.reader([line], strict=True), list[str]())
    except csv.Error as error:
        message = f"line {at}: {error}"
        raise Unreadable(message) from error


def _check_totals(comments: Sequence[tuple[int, str]], rows: Sequence[_Row]) -> None:
    told = {
        found[1]: (f"line {at}", found) for at, line in comments if (found := _SUM.search(line))
    }
    for name in _KINDS:
        if name not in told:
            message = f"the file has no line #{name}合计: it is not whole"
            raise Unreadable(message)
        where, found = told[name]
        its = [row for row in rows if row.fields["业务类型"] == name]
        check_total(int(found[2]), len(its), what=f"the count of {name}", where=where)
        total = abs(micro_or_zero(found[3], where=where))
        received = abs(sum(row.micro("商家实收(元)") for row in its))
        check_total(total, received, what=f"商家实收 of {name}", where=where)


def _line(row: _Row, expected: Expected) -> SettledLine:
    kind = _KINDS.get(row.fields["业务类型"], LineKind.OTHER)
    payment_id = id_of(row.fields["支付宝交易号"], what="支付宝交易号", where=row.where)
    order, received = row.micro("订单金额(元)"), row.micro("商家实收(元)")
    # Below zero where Alipay keeps it; what the merchant's own coupons paid reaches nobody.
    kept = -row.micro("服务费(元)") - row.micro("分润(元)") + order - received
    if kind is not LineKind.OTHER and (order < 0) != (kind is LineKind.REFUND):
        message = f"{row.where}: a {kind} of {order} micro-units has the wrong sign"
        raise Unreadable(message)
    if kind is not LineKind.OTHER and not order:
        message = f"{row.where}: a {kind} of nothing"
        raise Unreadable(message)
    refund_id = row.fields["退款批次号/请求号"]
    return SettledLine(
        kind=kind,
        payment_id=payment_id,
        movement_id=(refund_id if kind is LineKind.REFUND else "") or payment_id,
        amount_micro=order if kind is LineKind.OTHER else abs(order),
        fee_micro=kept,
        currency="CNY",
        account_number=account_number_of(attached="", order=row.fields["商户订单号"])[
            :NUMBER_CHARACTERS_MAX
        ],
        at=instant_of(
            row.fields["完成时间"] or row.fields["创建时间"],
            form="%Y-%m-%d %H:%M:%S",
            zone=expected.days.zone,
            where=row.where,
        ),
        text=row.fields.get("商品名称", "")[:TEXT_CHARACTERS_MAX],
        place=row.where,
    )
