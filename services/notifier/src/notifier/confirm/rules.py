"""How what somebody typed becomes a question, and what a notice is about: pure."""

import unicodedata
from collections.abc import Mapping

from notifier.confirm.values import Question, Topic
from notifier.notices.values import TOLD_AS, Template
from notifier.templates.codes import code_of_text
from notifier.templates.wording import TAIL_CHARS, tail_of

TYPED_CHARS_MAX = 40
_TOPICS: Mapping[Template, Topic] = {
    Template.LOW_BALANCE: Topic.LOW_BALANCE,
    Template.BALANCE_EXHAUSTED: Topic.EXHAUSTED,
    Template.SUPPLY_OFF: Topic.CUT,
    Template.SUPPLY_LIMITED: Topic.LIMITED,
    Template.SUPPLY_ARMED: Topic.BACK,
    Template.SUPPLY_ON: Topic.BACK,
}


def question_of(tail: str, code: str) -> Question | None:
    """Whatever case, width and spaces it is typed with, a code with hyphens too; of an account's
    whole number its end. None where nothing could be meant.

    >>> question_of(" 1100 0234 ", "7k3m-9qxd") == question_of("0234", "7K3M9QXD")
    True
    >>> question_of("0234", "7K3M") is None
    True
    """
    number = _plain(tail)
    found = code_of_text(_plain(code).replace("-", ""))
    if found is None or len(number) < TAIL_CHARS:
        return None
    return Question(tail_of(number).upper(), found)


def topic_of(template: Template) -> Topic:
    """Receipts and the like are about the account, and no more is said."""
    return _TOPICS.get(TOLD_AS.get(template, template), Topic.OTHER)


def _plain(typed: str) -> str:
    text = unicodedata.normalize("NFKC", typed[:TYPED_CHARS_MAX])
    return "".join(char for char in text if char.isprintable() and not char.isspace())
