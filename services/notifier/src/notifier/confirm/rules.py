"""How what somebody typed becomes a question, and what a notice is about: pure."""

import unicodedata
from collections.abc import Mapping

from notifier.confirm.values import Question, Topic
from notifier.notices.values import TOLD_AS, Template
from notifier.templates.codes import code_of_text
from notifier.templates.wording import tail_of

TYPED_CHARS_MAX = 40
_TOPICS: Mapping[Template, Topic] = {
    Template.LOW_BALANCE: Topic.LOW_BALANCE,
    Template.BALANCE_EXHAUSTED: Topic.EXHAUSTED,
    Template.SUPPLY_OFF: Topic.CUT,
    Template.SUPPLY_LIMITED: Topic.LIMITED,
    Template.SUPPLY_LIMIT_RAISED: Topic.LIMITED,
    Template.SUPPLY_ARMED: Topic.BACK,
    Template.SUPPLY_ON: Topic.BACK,
}


def question_of(tail: str, code: str) -> Question | None:
    """Whatever case, width and spaces it is typed with, a code with hyphens too; of an account's
    whole number its end. None where nothing could be meant. A short number's end is all of it.

    >>> question_of(" 1100 0234 ", "7k3m-9qxd") == question_of("0234", "7K3M9QXD")
    True
    >>> question_of("0234", "7K3M") is None
    True
    """
    typed = typed_tail(tail)
    found = code_of_text(_plain(code).replace("-", ""))
    return Question(typed, found) if found is not None and typed else None


def typed_tail(tail: str) -> str:
    """What is asked and counted of what was typed: the same, however it is typed."""
    return tail_of(_plain(tail)).upper()


def is_of(question: Question, account_number: str) -> bool:
    """Whether a text about the account would have said this end of its number. Of some numbers it
    has spaces in it, or wide letters, and is shorter as it is typed.

    >>> is_of(Question("1A12", b"Hello"), "9 1A 12"), is_of(Question("0012", b"Hello"), "13")
    (True, False)
    """
    said = tail_of(_plain(tail_of(account_number))).upper()
    return bool(said) and question.tail.endswith(said)


def topic_of(template: Template) -> Topic:
    """Receipts and the like are about the account, and no more is said."""
    return _TOPICS.get(TOLD_AS.get(template, template), Topic.OTHER)


def _plain(typed: str) -> str:
    text = unicodedata.normalize("NFKC", typed[-TYPED_CHARS_MAX:])
    return "".join(char for char in text if char.isprintable() and not char.isspace())
