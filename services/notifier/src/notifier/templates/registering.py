"""What a utility registers with a provider that sends approved texts alone: pure.

Aliyun and Tencent Cloud approve a text word by word, with places for what changes, and WeChat a
list of keywords. What is shipped has conditions; here it is said as of a notice that has what each
of its kind has and nothing else, its values being places.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from notifier.contacts.values import Channel, Language
from notifier.notices.parameters import PARAMETERS
from notifier.notices.values import CAMPAIGNS, Template
from notifier.templates.catalogue import built_in
from notifier.templates.language import say
from notifier.templates.values import TextKey
from notifier.templates.wording import Signature, our_page

_TRUE_OF_ALL: Mapping[tuple[Template, Language], str] = {
    (Template.RECONNECTION_LATE, Language.EN): (
        "supply of {{ account }} is late. We are on it. Balance {{ balance }}."
    ),
    (Template.RECONNECTION_LATE, Language.ZH_CN): (
        "户号{{ account }}复电延迟，我们正在处理。余额{{ balance }}。"
    ),
}
"""Where what is shipped says something else by what happened, and no word of it is always so."""
_BEGIN, _END = "\ue000", "\ue001"
"""Around a name, until its place is known. No text has these."""
_PLACE = re.compile(f"{_BEGIN}(\\w+){_END}")


class Provider(StrEnum):
    """Who approves texts before they are sent."""

    ALIYUN = "aliyun"
    TENCENT = "tencent"
    WECHAT = "wechat"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text changes: as the provider writes it (``${balance}``, ``{1}``,
    ``{{amount2.DATA}}``), its name in the account's document (empty where those are in order), and
    what that gives it (``{balance}``)."""

    written: str
    key: str
    gives: str


@dataclass(frozen=True, slots=True)
class ToRegister:
    """One text. The provider's own signature stands before it, and is no part of it."""

    template: Template
    language: Language
    text: str
    places: Sequence[Place]


def texts_to_register(
    provider: Provider, language: Language, *, signature: Signature
) -> Sequence[ToRegister]:
    """One for each template but for campaigns, whose words are their own."""
    return [
        _of(provider, TextKey(template, language, Channel.SMS), signature)
        for template in Template
        if template not in CAMPAIGNS
    ]


def _of(provider: Provider, key: TextKey, signature: Signature) -> ToRegister:
    source = built_in(key)
    assert source is not None, f"{key.template} is shipped in {key.language}"
    body = _TRUE_OF_ALL.get((key.template, key.language), source.body)
    said = say(body, _values(key, signature))
    for sign in (f"【{signature.utility}】", f"{signature.utility}: "):
        said = said.removeprefix(sign)
    names = _PLACE.findall(said)
    if provider is Provider.TENCENT:
        # By number, each time that something is said.
        places = [Place(f"{{{n}}}", "", f"{{{name}}}") for n, name in enumerate(names, start=1)]
        numbered = iter(places)
        text = _PLACE.sub(lambda _: next(numbered).written, said)
        return ToRegister(key.template, key.language, text, places)
    named = {name: _named(provider, name, n) for n, name in enumerate(dict.fromkeys(names), 1)}
    text = _PLACE.sub(lambda found: named[found[1]].written, said)
    return ToRegister(key.template, key.language, text, list(named.values()))


def _named(provider: Provider, name: str, number: int) -> Place:
    if provider is Provider.ALIYUN:
        return Place(f"${{{name}}}", name, f"{{{name}}}")
    key = f"{_KEYWORDS.get(name, 'thing')}{number}"
    return Place(f"{{{{{key}.DATA}}}}", key, f"{{{name}}}")


_KEYWORDS: Mapping[str, str] = {
    **dict.fromkeys(("balance", "threshold", "amount", "owed", "left"), "amount"),
    **dict.fromkeys(("account", "tail", "code"), "character_string"),
}
"""WeChat's kinds of keywords; a `thing` is any text of up to twenty characters."""


def _values(key: TextKey, signature: Signature) -> Mapping[str, str]:
    """What does not change from notice to notice is written out: providers take no address as a
    value, and read the name of who signs."""
    fixed = {
        "utility": signature.utility,
        "check_at": our_page(signature, key.language),
    }
    return {name: f"{_BEGIN}{name}{_END}" for name in PARAMETERS[key.template]} | fixed
