"""A provider's file of any format as lines."""

from datetime import timedelta

from prepay_ledger.bank_files.values import AMOUNT_MICRO_MAX, Unreadable
from prepay_ledger.settlement_files.alipay import read_alipay
from prepay_ledger.settlement_files.csv_file import read_csv
from prepay_ledger.settlement_files.csv_mapping import SettlementMapping
from prepay_ledger.settlement_files.stripe import read_stripe
from prepay_ledger.settlement_files.values import Expected, FileFormat, LineKind, Lines
from prepay_ledger.settlement_files.wechat_pay import read_wechat_pay


def read_file(body: bytes, expected: Expected, mapping: SettlementMapping | None) -> Lines:
    """The lines of the file, which adds up. Raises `Unreadable`."""
    match expected.format:
        case FileFormat.STRIPE:
            lines = read_stripe(body, expected)
        case FileFormat.WECHAT_PAY:
            lines = read_wechat_pay(body, expected)
        case FileFormat.ALIPAY:
            lines = read_alipay(body, expected)
        case FileFormat.CSV:
            if mapping is None:
                message = "of CSV a mapping has to say which column says what"
                raise Unreadable(message)
            lines = read_csv(body, expected, mapping)
    _check_days(lines, expected)
    if sum(abs(each.amount_micro) + abs(each.fee_micro) for each in lines) > AMOUNT_MICRO_MAX:
        message = "the file moves more than one file may"
        raise Unreadable(message)
    return lines


def _check_days(lines: Lines, expected: Expected) -> None:
    """A payment of a day's last minute may stand in the file of the day after. Refunds and disputes
    are dated by what they are of at some providers, and are not looked at."""
    days = {
        each.place: expected.days.day_of(each.at)
        for each in lines
        if each.kind is LineKind.PAYMENT and each.at is not None
    }
    for place, day in days.items():
        if day not in {expected.day, expected.day - timedelta(days=1)}:
            message = f"{place}: a payment of {day}, in a file of {expected.day}"
            raise Unreadable(message)
    if days and expected.day not in days.values():
        message = f"all payments are of {expected.day - timedelta(days=1)}, none of {expected.day}"
        raise Unreadable(message)
