"""Texts that a gateway knows by codes: it has approved each word, and is given the parameters."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from notifier.channels.places import Missing, fill, names_in, of_mapping
from notifier.channels.ports import PermanentFailure
from notifier.contacts.values import Language
from notifier.notices.parameters import PARAMETERS
from notifier.notices.values import CAMPAIGNS, Notice, Template, Text

CodeT = TypeVar("CodeT")


def check_codes(codes: Mapping[Language, Mapping[Template, Iterable[str]]]) -> None:
    """Every notice in every language has a code (a campaign's may), whose parameters are what such
    a notice always has: raises `ValueError` with all holes. Given the parameters' patterns of each
    code."""
    holes = [
        f"{language} has no code for {template}"
        for language in Language
        for template in Template
        if template not in CAMPAIGNS and template not in codes.get(language, {})
    ]
    holes += [
        f"{language} {template}: {{{name}}} is not what each of these notices has, which is "
        + ", ".join(sorted(PARAMETERS[template]))
        for language, texts in codes.items()
        for template, patterns in texts.items()
        for pattern in patterns
        for name in sorted(names_in(pattern) - PARAMETERS[template])
    ]
    if holes:
        raise ValueError("; ".join(holes))


def code_of(codes: Mapping[Language, Mapping[Template, CodeT]], notice: Notice) -> CodeT:
    """Raises `PermanentFailure` for a campaign's notice that has none: its words are its own, and
    the gateway has approved others."""
    code = codes[notice.language].get(notice.template)
    if code is None:
        raise PermanentFailure(f"the gateway has no code for {notice.template}")
    return code


def parameter(pattern: str, text: Text) -> str:
    """As the gateway gets it."""
    try:
        return fill(pattern, of_mapping(text.values))
    except Missing as missing:
        raise PermanentFailure(f"the notice has no {missing}, which its code wants") from missing
