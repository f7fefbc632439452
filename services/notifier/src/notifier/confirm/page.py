"""The page as HTML: one file with its own style, no script, nothing from elsewhere."""

import re
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, StrictUndefined

from notifier.confirm.values import Answer, NotSaid, Said, TooOften
from notifier.confirm.words import WORDS, Words
from notifier.contacts.values import Language
from prewatt_common.html_pages import style_source

_FILE = Path(__file__).parent / "page.html"
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


class HtmlPage:
    """A `Page`. ``help_phone``: whom somebody calls who got what we did not send."""

    def __init__(self, *, utility_name: str, help_phone: str | None, zone: ZoneInfo) -> None:
        text = _FILE.read_text(encoding="utf-8")
        style = _STYLE.search(text)
        assert style is not None, "the page has its style"
        self._style_source = style_source(style[1])
        environment = Environment(
            autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._template = environment.from_string(text)
        self._utility_name = utility_name
        self._help_phone = help_phone
        self._zone = zone

    @property
    def style_source(self) -> str:
        """By its digest."""
        return self._style_source

    def show(self, language: Language, answer: Answer | None) -> str:
        """The form, below the answer where something was asked."""
        words = WORDS[language]
        other = next(each for each in Language if each is not language)
        return self._template.render(
            language=language,
            other=other,
            words=words,
            utility=self._utility_name,
            help_phone=self._help_phone,
            kind=_kind(answer),
            says=self._says(answer, words),
        )

    def _says(self, answer: Answer | None, words: Words) -> str:
        match answer:
            case Said(topic=topic, channel=channel, at=at):
                return words.yes_says.format(
                    day=words.day(at.astimezone(self._zone).date()),
                    channel=words.channels[channel],
                    topic=words.topics[topic],
                )
            case TooOften(wait_s=wait_s):
                return words.often_says.format(minutes=-(-wait_s // 60))
            case NotSaid():
                return words.no_says
            case None:
                return ""


def _kind(answer: Answer | None) -> str:
    match answer:
        case Said():
            return "yes"
        case NotSaid():
            return "no"
        case TooOften():
            return "often"
        case None:
            return ""
