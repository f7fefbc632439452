"""Providers' settlement files for tests: as providers write them, from the same few facts."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

MICRO = 1_000_000
MERCHANT, SELLER = "1900000109", "2088101106499364"
WECHAT_COLUMNS = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,"
    "付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,"
    "退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
WECHAT_TOTALS = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)
ALIPAY_COLUMNS = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,"
    "对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,"
    "券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
STRIPE_COLUMNS = (
    "balance_transaction_id", "created_utc", "currency", "gross", "fee", "net",
    "reporting_category", "source_id", "description", "payment_intent_id",
    "payment_metadata[account_number]",
)  # fmt: skip
PLAIN: dict[str, Any] = {
    "payment_id": "id", "movement_id": "own id", "amount": "amount", "fee": "fee",
    "currency": "CNY", "account_number": "account", "time": "time", "reference": "reference",
    "kind": {
        "column": "kind", "payment": ["pay"], "refund": ["refund"], "chargeback": ["chargeback"],
        "reversal": ["reversal"], "chargeback_won": ["won"], "fee": ["fee"], "payout": ["payout"],
    },
    "totals": {"column": "kind", "word": "total", "count": "id"},
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Row:
    """Something that a provider settled: amounts without a sign, in micro-units."""

    kind: str = "pay"
    id: str
    own_id: str = ""
    micro: int
    fee_micro: int = 0
    account: str = ""
    time: str = "2026-03-02 10:00:00"
    reference: str = ""


def money(micro: int) -> str:
    return f"{Decimal(micro) / MICRO:f}"


def stripe_file(rows: Sequence[Row], *, currency: str = "cny") -> bytes:
    """Balance change from activity, itemised."""
    names = {"pay": "charge", "won": "dispute_reversal", "chargeback": "dispute"}
    names |= {"reversal": "charge_failure", "payout": "payout", "fee": "fee"}
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(STRIPE_COLUMNS)
    for at, row in enumerate(rows):
        sign = 1 if row.kind in {"pay", "won"} else -1
        gross, fee = sign * row.micro, row.fee_micro
        if row.kind == "fee":
            gross, fee = -row.fee_micro, 0
        writer.writerow(
            [
                f"txn_{at}", row.time, currency, money(gross), money(fee), money(gross - fee),
                names.get(row.kind, row.kind), row.own_id or row.reference or f"ch_{row.id}",
                "power, prepaid", row.id if row.kind not in {"payout", "fee"} else "", row.account,
            ]
        )  # fmt: skip
    return out.getvalue().encode()


def wechat_file(rows: Sequence[Row], **totals: str) -> bytes:
    """The trade bill of all trades; ``totals``: in place of what they are."""
    lines = ["\ufeff" + WECHAT_COLUMNS]
    for row in rows:
        paid = row.kind == "pay"
        order, back = (row.micro, 0) if paid else (0, row.micro)
        fields = [
            row.time, "wx2421b1c4370ec43b", MERCHANT, "0", "", row.id, f"{row.account}_{row.id}",
            "o1", "JSAPI", "SUCCESS" if paid else "REFUND", "CFT", "CNY", money(order), "0.00",
            row.own_id or "0", "0", money(back), "0.00", "" if paid else "ORIGINAL",
            "" if paid else "SUCCESS", "电费, 三月", row.account, money(row.fee_micro), "0.60%",
            money(order), money(back), "",
        ]  # fmt: skip
        lines.append(",".join(f"`{each}" for each in fields))
    order = sum(row.micro for row in rows if row.kind == "pay")
    back = sum(row.micro for row in rows if row.kind != "pay")
    said = {
        "总交易单数": str(len(rows)), "应结订单总金额": money(order), "退款总金额": money(back),
        "充值券退款总金额": "0.00", "手续费总金额": money(sum(row.fee_micro for row in rows)),
        "订单总金额": money(order), "申请退款总金额": money(back),
    } | totals  # fmt: skip
    lines += [WECHAT_TOTALS, ",".join(f"`{said[name]}" for name in WECHAT_TOTALS.split(","))]
    return ("\r\n".join(lines) + "\r\n").encode()


def alipay_file(rows: Sequence[Row], *, seller: str = SELLER, more: int = 0) -> bytes:
    """The itemised bill; ``more``: micro-units that its totals have more than its lines."""
    table: list[str] = []
    sums = {"交易": [0, more], "退款": [0, 0]}
    for row in rows:
        paid = row.kind == "pay"
        sign, name = (1, "交易") if paid else (-1, "退款")
        sums[name][0] += 1
        sums[name][1] += sign * row.micro
        amount = money(sign * row.micro)
        fields = [
            row.id, f"{row.account}_{row.id}", name, "电费", row.time, row.time, "", "", "", "",
            "*小明(lx***@126.com)", amount, amount, *["0.00"] * 5, "", "0.00", "0.00", row.own_id,
            money(-row.fee_micro), "0.00", "",
        ]  # fmt: skip
        table.append(",".join(f"{each}\t" for each in fields))
    (paid_count, paid_sum), (back_count, back_sum) = sums["交易"], sums["退款"]
    lines = [
        "#支付宝业务明细查询", f"#账号:[{seller}0156]",
        "#起始日期:[2026年03月02日 00:00:00]   终止日期:[2026年03月03日 00:00:00]",
        "#-------------------业务明细列表-------------------", ALIPAY_COLUMNS, *table,
        "#-------------------业务明细列表结束---------------",
        f"#交易合计：{paid_count}笔，商家实收共{money(paid_sum)}元，商家优惠共0.00元",
        f"#退款合计：{back_count}笔，商家实收退款共{money(back_sum)}元，商家优惠退款共0.00元",
        "#导出时间:[2026年03月03日 09:00:00]",
    ]  # fmt: skip
    return ("\r\n".join(lines) + "\r\n").encode("gb18030")


def plain_file(rows: Sequence[Row], *, more: int = 0) -> bytes:
    """By the mapping `PLAIN`, with its line of totals."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["kind", "id", "own id", "amount", "fee", "account", "time", "reference"])
    for row in rows:
        writer.writerow(
            [
                row.kind, row.id, row.own_id, money(row.micro), money(row.fee_micro), row.account,
                row.time, row.reference,
            ]
        )  # fmt: skip
    amount = sum(row.micro for row in rows) + more
    fee = sum(row.fee_micro for row in rows)
    writer.writerow(["total", len(rows), "", money(amount), money(fee), "", "", ""])
    return out.getvalue().encode()
