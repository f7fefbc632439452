"""Fields that files of several providers have."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from prepay_ledger.bank_files.amounts import signed_micro_of
from prepay_ledger.bank_files.csv_records import text_of
from prepay_ledger.bank_files.values import Unreadable

ID_CHARACTERS_MAX = 200
TEXT_CHARACTERS_MAX = 500
NUMBER_CHARACTERS_MAX = 100
"""Of an account's number, as webhooks are read."""


def lines_of(body: bytes, encoding: str) -> Sequence[tuple[int, str]]:
    """The text's lines that are not empty, by their numbers: parted by what parts lines, and not by
    any other character that Unicode would have part them. Raises `Unreadable`."""
    lines = enumerate(text_of(body, encoding).split("\n"), 1)
    return [(at, line.rstrip("\r")) for at, line in lines if line.strip()]


def id_of(text: str, *, what: str, where: str) -> str:
    """An id of the provider's. Raises `Unreadable`."""
    if not text or len(text) > ID_CHARACTERS_MAX:
        message = f"{where}: it names no {what}" if not text else f"{where}: its {what} is too long"
        raise Unreadable(message)
    return text


def instant_of(text: str, *, form: str, zone: ZoneInfo, where: str) -> datetime:
    """A time by strptime's ``form``; one without an offset is in ``zone``. Raises `Unreadable`."""
    try:
        at = datetime.strptime(text, form)  # noqa: DTZ007 - its zone is given beside it
        at = at if at.tzinfo else at.replace(tzinfo=zone)
        at.timestamp()
    except (ValueError, OverflowError) as error:
        message = f"{where}: {text[:40]!r} is no time of the form {form}"
        raise Unreadable(message) from error
    return at


def micro_or_zero(text: str, *, where: str) -> int:
    """A signed amount; an empty field is none. Raises `Unreadable`."""
    return signed_micro_of(text, where=where) if text.strip() else 0


def check_total(told: int, found: int, *, what: str, where: str) -> None:
    """Raises `Unreadable` where the file's own total is another."""
    if told != found:
        message = f"{where}: {what} is {told} by the totals, and {found} by the lines"
        raise Unreadable(message)


def check_merchant(text: str, merchants: frozenset[str], *, where: str) -> None:
    """Raises `Unreadable` where the file is for somebody else."""
    if merchants and text not in merchants:
        message = f"{where}: it is for merchant {text[:40]!r}, who is not ours"
        raise Unreadable(message)
