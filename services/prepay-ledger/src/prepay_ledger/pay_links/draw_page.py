"""The payers' pages as HTML: without a script, and with nothing from anywhere else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from prepay_ledger.pay_links.texts import LANGUAGES, TEXTS, money
from prepay_ledger.pay_links.values import Offer
from prewatt_common import html_pages

_PAGES = Path(__file__).parent / "pages"
_STYLE = (_PAGES / "style.css").read_text(encoding="utf-8").strip()
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(_PAGES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormState:
    """What a payer has chosen so far, as it was sent, and what is wrong with it."""

    nonce: str
    amount: str = ""
    other: str = ""
    way: str = ""
    problem: str = ""
    """A name of a text; empty where nothing is."""
    problem_at: str = ""
    """``amount``, ``way``, or neither."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A page that tells how things stand. ``mood``: good, waiting or bad."""

    mood: str
    heading: str
    lines: Sequence[str]
    """Names of texts, in which ``amount`` may stand."""
    amount: str = ""
    links: Sequence[tuple[str, str]] = ()
    """Names of texts, and where each leads; where all is well, nothing urges to go on."""
    query: str = ""
    """What the page's own address has besides the language."""
    code: str = ""
    """What is shown as a code to scan; empty where there is none."""


class DrawPage:
    """``utility``: its name, at the head. ``ways``: what each is called, by language."""

    def __init__(self, *, utility: str, ways: Mapping[str, Mapping[str, str]]) -> None:
        self._utility = utility
        self._ways = ways

    def form(self, offer: Offer, state: FormState, *, action: str, language: str) -> str:
        """Amounts and ways to choose."""

        def written(micro: int) -> str:
            return money(micro, offer.currency, language)

        texts = TEXTS[language]
        bounds = {"least": written(offer.least_micro), "most": written(offer.most_micro)}
        problem = texts[state.problem].format(**bounds) if state.problem else ""
        return self._page(
            "form.html",
            language=language,
            query="",
            offer=offer,
            choices=sorted(offer.choices_micro, key=lambda micro: micro != offer.needed_micro),
            chosen=state,
            nonce=state.nonce,
            problem=problem,
            problem_at=state.problem_at,
            action=action,
            range=texts["from_to"].format(**bounds),
            unit="¥" if (language, offer.currency) == ("zh-CN", "CNY") else offer.currency,
            money=written,
            ways={name: labels[language] for name, labels in self._ways.items()},
        )

    def message(self, message: Message, *, language: str) -> str:
        """How things stand."""
        texts = TEXTS[language]
        return self._page(
            "message.html",
            language=language,
            query=message.query,
            mood=message.mood,
            heading=texts[message.heading].format(amount=message.amount),
            lines=[texts[line].format(amount=message.amount) for line in message.lines],
            links=[(texts[name], href) for name, href in message.links],
            code=_scannable(message.code) if message.code else "",
        )

    def _page(self, name: str, *, language: str, **values: object) -> str:
        return _ENVIRONMENT.get_template(name).render(
            utility=self._utility,
            language=language,
            languages=LANGUAGES,
            t=TEXTS[language],
            style=_STYLE,
            **values,
        )


def _scannable(text: str) -> str:
    """As a QR code: black on white whatever the page's colours, or no camera reads it."""
    code = segno.make_qr(text, error="m", boost_error=False)
    return code.svg_inline(scale=6, border=4, dark="#000", light="#fff", omitsize=True)


def page_headers(*, language: str, page_origins: Sequence[str]) -> dict[str, str]:
    """Nor is it indexed. ``page_origins``: a browser holds a form to where its answer sends it.
    WeChat Pay's page for phones opens only to who comes from a host that is registered there, so
    the host is told."""
    return html_pages.page_headers(
        language=language,
        style=html_pages.style_source(_STYLE),
        sends_to=page_origins,
        referrer="strict-origin",
    ) | {
        "X-Robots-Tag": "noindex, nofollow",
        "X-Frame-Options": "DENY",
        "Vary": "Accept-Language",
    }
