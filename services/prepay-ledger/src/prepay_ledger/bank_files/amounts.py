"""Amounts and dates as banks write them."""

import re
from datetime import date, datetime

from prepay_ledger.bank_files.values import AMOUNT_MICRO_MAX, Unreadable

_DECIMALS_MAX = 6
_PLAIN = re.compile(r"([0-9]+)(?:\.([0-9]*))?")
_GROUPS = {
    " ": " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}",
    "'": "'\N{RIGHT SINGLE QUOTATION MARK}",
}
_CURRENCY = re.compile(r"[A-Z]{3}")


def micro_of(text: str, *, decimal: str = ".", group: str = "", where: str) -> int:
    """An amount without a sign as micro-units, exactly. Raises `Unreadable`, naming ``where``.

    >>> micro_of("1.234,5", decimal=",", group=".", where="line 2")
    1234500000
    """
    plain = text.strip()
    for each in _GROUPS.get(group, group):
        plain = plain.replace(each, "")
    found = _PLAIN.fullmatch(plain.replace(decimal, ".") if decimal in plain else plain)
    if found is None or (decimal != "." and "." in plain):
        message = f"{where}: {text[:40]!r} is no amount"
        raise Unreadable(message)
    whole, part = found[1], (found[2] or "").rstrip("0")
    if len(part) > _DECIMALS_MAX:
        message = f"{where}: {text[:40]!r} has more than {_DECIMALS_MAX} decimals"
        raise Unreadable(message)
    micro = int(whole[-30:]) * 1_000_000 + int(part.ljust(_DECIMALS_MAX, "0"))
    if len(whole.lstrip("0")) > len(str(AMOUNT_MICRO_MAX)) or micro > AMOUNT_MICRO_MAX:
        message = f"{where}: {text[:40]} is more than one line may move"
        raise Unreadable(message)
    return micro


def signed_micro_of(text: str, *, decimal: str = ".", group: str = "", where: str) -> int:
    """An amount with a sign before or behind it, or in brackets. Raises `Unreadable`.

    >>> signed_micro_of("(3,50)", decimal=",", where="line 2")
    -3500000
    """
    plain = text.strip()
    sign = 1
    if plain.startswith("(") and plain.endswith(")"):
        sign, plain = -1, plain[1:-1]
    elif plain[:1] in {"-", "+", "\N{MINUS SIGN}"}:
        sign, plain = (1 if plain[0] == "+" else -1), plain[1:]
    elif plain[-1:] in {"-", "+"}:
        sign, plain = (1 if plain[-1] == "+" else -1), plain[:-1]
    return sign * micro_of(plain, decimal=decimal, group=group, where=where)


def currency_of(text: str, *, where: str) -> str:
    """An ISO 4217 code. Raises `Unreadable`."""
    code = text.strip()
    if _CURRENCY.fullmatch(code) is None:
        message = f"{where}: {text[:20]!r} is no currency"
        raise Unreadable(message)
    return code


def day_of(text: str, *, form: str = "%Y-%m-%d", where: str) -> date:
    """A day, by strptime's ``form``. Raises `Unreadable`."""
    try:
        day = datetime.strptime(text.strip(), form).date()  # noqa: DTZ007 - a day has no zone
    except ValueError as error:
        message = f"{where}: {text[:40]!r} is no day of the form {form}"
        raise Unreadable(message) from error
    if not date(2000, 1, 1) <= day < date(2100, 1, 1):
        message = f"{where}: {day} is no day of this century"
        raise Unreadable(message)
    return day


def account_of(text: str) -> str:
    """An account's number without what people put between: spaces, and nothing else."""
    return "".join(text.split())
