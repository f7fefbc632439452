"""What a message asks for, whose number it is of, and who is answered: pure."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from datetime import timedelta

from notifier.contacts.consents import ASSUMED, Purpose
from notifier.inbound.catalogue import Catalogue
from notifier.inbound.values import Customer, History, Outcome, Reply, Request, Word
from notifier.notices.values import Template
from notifier.templates.wording import tail_of

ANSWERS_AN_HOUR_MAX = 10
"""To one number: two machines that answer each other end here, and so does who spells out."""
_TOKENS = re.compile(r"[^\W\d_]+|\d+")
_INTERNATIONAL = re.compile(r"\+[1-9]\d{6,14}")
_SUBSCRIBER_DIGITS_MIN = 7
"""Fewer are a short code, whatever country's."""

REPEAT_WITHIN = timedelta(minutes=2)
"""An SMS centre that heard no answer delivers a message again, and gives it no number to know it
by: the same words from the same phone within this, with no others between, are one message."""


def understood(text: str, catalogue: Catalogue) -> Request | None:
    """What ``text`` asks for, whatever its case, width, spaces and punctuation; none where that is
    no word that we know. Who begins with STOP is understood whatever follows: better one too many
    than one that is not heard.
    """
    tokens = _TOKENS.findall(unicodedata.normalize("NFKC", text).casefold())
    letters = [each for each in tokens if each.isalpha()]
    digits = [each for each in tokens if not each.isalpha()]
    tail = digits[0] if len(digits) == 1 and tokens[-1] == digits[0] else None
    written = "".join(letters)
    word = catalogue.words.get(written)
    if word is not None and (tail or not digits):
        return Request(word, tail)
    return _with_purpose(written, letters[0] if letters else "", tail, catalogue)


def _with_purpose(
    written: str, first: str, tail: str | None, catalogue: Catalogue
) -> Request | None:
    for known in sorted(catalogue.words, key=len, reverse=True):
        word = catalogue.words[known]
        if word not in (Word.STOP, Word.START) or not written.startswith(known):
            continue
        purpose = catalogue.purposes.get(written.removeprefix(known))
        if purpose is not None:
            return Request(word, tail, purpose)
        # "stopped by today" is no STOP; of Chinese nobody can tell where a word ends.
        if word is Word.STOP and (first == known or not (known + first).isascii()):
            return Request(word, tail)
    return None


def number_of(sender: str, *, country_code: str) -> str | None:
    """The sender's number with plus and country; none for a short code or a name, behind which
    nobody sits. Without a plus it is of ``country_code``, unless it begins as a whole number does.

    >>> number_of("013800138000", country_code="86"), number_of("95598", country_code="86")
    ('+8613800138000', None)
    """
    digits = re.sub(r"[ ()./-]", "", sender)
    if digits.startswith("+"):
        number = digits
    elif not digits.isdecimal() or not digits.isascii():
        return None
    elif digits.startswith("00"):
        number = f"+{digits[2:]}"
    else:
        known = digits.startswith(country_code)
        whole = known and len(digits) >= len(country_code) + _SUBSCRIBER_DIGITS_MIN + 1
        national = digits.removeprefix("0")
        if len(national) < _SUBSCRIBER_DIGITS_MIN:
            return None
        number = f"+{digits}" if whole else f"+{country_code}{national}"
    return number if _INTERNATIONAL.fullmatch(number) else None


def reply_without_asking(  # noqa: PLR0911 - a case each
    request: Request | None, customers: Sequence[Customer], history: History
) -> Reply | None:
    """What a message comes to where that can be said without anybody else; none where it cannot.

    ``customers``: those who have the number, in the order of their accounts. STOP is always
    done, and so is START of accounts that there are: whether they are answered, `is_answered` says.
    """
    if not customers:
        return Reply(Outcome.UNKNOWN_NUMBER)
    one = customers[0]
    if request is None:
        said = is_answered(history) and not history.helped
        return Reply(Outcome.NOT_UNDERSTOOD, None, one, Template.ANSWER_HELP if said else None)
    word = request.word
    if word is Word.STOP or (word is Word.START and meant(request, customers)):
        return None
    if not is_answered(history):
        return Reply(Outcome.TOO_MANY, word, one)
    if word is Word.HELP:
        return Reply(Outcome.DONE, word, one, Template.ANSWER_HELP)
    if len(meant(request, customers)) == 1:
        return None
    named = [each for each in customers if each.number is not None]
    # Before the ledger has told of any of them nobody can say which is meant.
    answer = Template.ANSWER_WHICH if named else Template.ANSWER_FAILED
    return Reply(Outcome.WHICH_ACCOUNT, word, named[0] if named else one, answer)


def reply_to_nominated(
    request: Request | None, people: Sequence[Customer], history: History
) -> Reply | None:
    """To who is in no account's contact, and was named by the customers of ``people``: what is
    asked of an account is its customer's, so that they hear why we write to them, once a day. None
    where it is STOP, or START of any of them."""
    if request is not None and is_obeyed_of_nominated(request, people):
        return None
    word = request and request.word
    outcome = Outcome.NOT_UNDERSTOOD if request is None else Outcome.DONE
    if not is_answered(history):
        return Reply(Outcome.TOO_MANY, word, people[0])
    asked = word is Word.HELP or not history.helped
    return Reply(outcome, word, people[0], Template.ANSWER_NOMINATED_HELP if asked else None)


def changes_nomination(request: Request) -> bool:
    """A nominated person is told of supply alone: STOP of news is not meant for that."""
    return request.word in (Word.STOP, Word.START) and request.purpose in (None, Purpose.SUPPLY)


def is_obeyed_of_nominated(request: Request, customers: Sequence[Customer]) -> bool:
    """``customers``: those of the number, whoever of them is nominated. STOP always is, with a slip
    in the account's number too; START of accounts that there are."""
    if not changes_nomination(request):
        return False
    return request.word is Word.STOP or bool(meant(request, customers))


def is_answered(history: History) -> bool:
    """Whether the number may have another answer in this hour."""
    return history.within_hour < ANSWERS_AN_HOUR_MAX


def meant(request: Request, customers: Sequence[Customer]) -> Sequence[Customer]:
    """Those whose account's number ends as the message says; all of them where it says nothing."""
    tail = request.tail
    if tail is None:
        return customers
    return [each for each in customers if each.number is not None and each.number.endswith(tail)]


def tails_of(customers: Sequence[Customer]) -> tuple[str, ...]:
    """The ends of their numbers, few enough for one SMS."""
    return tuple(tail_of(each.number) for each in customers if each.number is not None)[:5]


def stopped_by(request: Request, *, refusable: Collection[Purpose]) -> Sequence[Purpose]:
    """What a STOP is of, without what may not be refused."""
    wanted = list(Purpose) if request.purpose is None else [request.purpose]
    return [each for each in wanted if each in refusable]


def started_by(
    request: Request, *, refusable: Collection[Purpose], agreed_once: Collection[Purpose]
) -> Sequence[Purpose]:
    """What a START is of. Without a purpose it takes a STOP back, and no more: to campaigns only
    who had agreed to them before."""
    if request.purpose is not None:
        return [request.purpose]
    return [each for each in Purpose if each in refusable and each in {*ASSUMED, *agreed_once}]
