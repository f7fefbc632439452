"""Which lines are the same, which may be, and whom a payer named: pure."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import sha256
from uuid import UUID

from prepay_ledger.balances.payment_reference import plain_number, read_reference
from prepay_ledger.bank.values import OPEN, BankLine, LineState
from prepay_ledger.bank_files.values import StatementLine

PAYMENT_MICRO_MAX = 10**15
_REFERENCE_CHARACTERS_MAX = 25
_ID_CHARACTERS = 32
"""Letters and digits of our ids."""
_PAPER_CHARACTERS_MIN = 6
_WORD = re.compile(r"[A-Za-z0-9]+")


def identities(lines: Iterable[StatementLine]) -> Iterator[str]:
    """Of the lines of one statement, in their order: the same for the same booking in whatever
    statement tells of it. By the bank's reference of it; where the bank gives none by what the line
    says, and of equal ones by which of them it is."""
    seen = Counter[tuple[object, ...]]()
    for each in lines:
        if each.booking:
            named = ("ref", each.booking, each.transaction, each.amount_micro)
        else:
            named = ("says", *_what_it_says(each))
        seen[named] += 1
        text = "\x1f".join(map(str, (*named, seen[named])))
        yield sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]


def _what_it_says(line: StatementLine) -> tuple[object, ...]:
    """Banks put line breaks and spaces elsewhere each time."""
    texts = (line.transaction, line.end_to_end_id, line.structured, line.text)
    letters = ("".join(each.split()).upper() for each in texts)
    return line.booked_on, line.amount_micro, *letters


def doubt(line: BankLine, others: Iterable[BankLine]) -> tuple[str, BankLine] | None:
    """Why a credit that is not known may be one of ``others`` all the same, and which. They are
    payments of other files: of the same booking, or of the same day and amount."""
    for other in others:
        same_form = line.format == other.format
        ours, theirs = line.line, other.line
        if ours.booking and ours.booking == theirs.booking:
            if same_form and ours.transaction and theirs.transaction:
                continue
            return "it is of the same booking as a payment of another file", other
        if same_form and bool(ours.booking) == bool(theirs.booking):
            # Told in the same way they would be the same line.
            continue
        return "a payment of the same day and amount was told in another way", other
    return None


def references_in(text: str) -> Iterator[str]:
    """Payment references in what a payer wrote, whose check digits hold, each once: with spaces and
    line breaks within, and among other words."""
    words = [each[0].upper() for each in _WORD.finditer(text)]
    found = dict[str, None]()
    for at, word in enumerate(words):
        if not word.startswith("RF"):
            continue
        joined = ""
        for part in words[at:]:
            joined += part
            if len(joined) > _REFERENCE_CHARACTERS_MAX:
                break
            reference = read_reference(joined)
            if reference is not None and reference.holds:
                found.setdefault(joined)
    yield from found


def texts_of(line: StatementLine) -> list[str]:
    """Where a payer may have named an account, the likeliest first."""
    return [each for each in (line.structured, line.text, line.end_to_end_id) if each]


def names_in(line: BankLine) -> list[str]:
    """What may be an id of ours, in the fields for it and among other words."""
    said = [line.line.end_to_end_id, line.line.transaction, line.line.booking, *texts_of(line.line)]
    words = [word.lower() for text in said for word in text.replace("-", "").split()]
    return list(dict.fromkeys(word for word in words if len(word) == _ID_CHARACTERS))


def words_in(line: BankLine) -> list[str]:
    """What may be the number of a paper, in lower case: each of its words that is not short."""
    words = (word.lower() for text in texts_of(line.line) for word in text.split())
    return list(dict.fromkeys(word for word in words if len(word) >= _PAPER_CHARACTERS_MIN))


def may_be_a_number(text: str) -> bool:
    """Whether all of it may be an account's number."""
    return 0 < len(text) <= 100 and bool(plain_number(text))


def ended(
    line: BankLine, state: LineState, *, reason: str = "", refers_to: UUID | None = None
) -> BankLine:
    """The line in the state that it ends in, or waits in for a person."""
    return replace(line, state=state, reason=reason, refers_to=refers_to, open=state in OPEN)
