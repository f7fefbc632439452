"""The page on which anybody learns whether a notice is ours: what needs no database."""

import re
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import HttpUrl

from notifier.confirm.api import confirm_router
from notifier.confirm.find_notice import FindNotice
from notifier.confirm.page import HtmlPage
from notifier.confirm.rules import is_of, question_of, topic_of
from notifier.confirm.values import NotSaid, Question, Said, TooOften, Topic
from notifier.confirm.words import WORDS
from notifier.contacts.values import Channel, Language
from notifier.notices.values import FOR_NOMINATED, Template
from notifier.settings import NotifierSettings
from notifier.templates.codes import CODE_CHARS, code_of_text, text_of_code
from prewatt_common.http.app import create_app
from prewatt_common.http.rate_limits import Rate

CODE = b"Hello"
AT = datetime(2026, 11, 29, 20, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
_TRIES = 20
SAID = Said(Topic.CUT, Channel.SMS, AT)


class Notices:
    """One notice; ``asked`` is what was looked up."""

    def __init__(self) -> None:
        self.asked: list[Question] = []

    async def find(self, question: Question) -> Said | None:
        self.asked.append(question)
        return SAID if question == Question("6789", CODE) else None


@pytest.fixture
def notices() -> Notices:
    return Notices()


@pytest.fixture
async def client(notices) -> AsyncGenerator[httpx.AsyncClient]:
    page = HtmlPage(utility_name="Li & Söhne", help_phone="95598", zone=SHANGHAI)
    find = FindNotice(notices=notices)
    app = create_app(
        name="n", summary="s", auth_public_key="", checks={}, consuming={},
        routers=[confirm_router(find=find, page=page, default_language=Language.ZH_CN,
                                of_a_tail=Rate(_TRIES, 3600))],
    )  # fmt: skip
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://n.example") as client:
        yield client


@given(st.binary(min_size=5, max_size=5))
def test_a_code_is_read_as_it_was_written(code):
    text = text_of_code(code)
    assert len(text) == CODE_CHARS
    assert not set(text) & set("ILOU")
    assert code_of_text(text) == code_of_text(text.lower()) == code
    assert code_of_text(text.replace("0", "O").replace("1", "l")) == code


@pytest.mark.parametrize("typed", ["", "91JPRV3", "91JPRV3FF", "91JPRV3U", "91JPRV3！", "９"])
def test_what_is_no_code(typed):
    assert code_of_text(typed) is None


@pytest.mark.parametrize(
    ("tail", "code"),
    [
        ("6789", "91JPRV3F"),
        (" 1100023456789 ", "91jp-rv3f"),
        ("６７８９", "91 jp rv 3f"),
        ("67 89", "９１JPRV3F"),
        ("6789", "9iJPRV3F"),
    ],
)
def test_however_it_is_typed(tail, code):
    assert question_of(tail, code) == Question("6789", CODE)


@pytest.mark.parametrize(("tail", "code"), [(" ", "91JPRV3F"), ("6789", "91JPRV"), ("", "")])
def test_what_means_nothing(tail, code):
    assert question_of(tail, code) is None


@pytest.mark.parametrize(
    "number", ["7", "42", "A 12", "9 1A 12", "ＡＢ１２", "ßßßß", "ﬁ12", "10 0"]
)
def test_whatever_its_number_the_end_that_a_notice_says_is_found(number):
    for typed in (number[-4:], number, f" {number[-4:].lower()}"):
        question = question_of(typed, "91JPRV3F")
        assert question is not None
        assert is_of(question, number)
        assert not is_of(question, "x5")


@given(st.text(max_size=60), st.text(max_size=60))
def test_anything_may_be_typed(tail, code):
    question_of(tail, code)


def test_a_nominated_person_hears_of_the_same():
    for of, nominated in FOR_NOMINATED.items():
        assert topic_of(nominated) is topic_of(of) is not Topic.OTHER
    assert topic_of(Template.TOPPED_UP) is Topic.OTHER


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("topic", Topic)
@pytest.mark.parametrize("channel", Channel)
def test_every_topic_and_channel_in_every_language(language, topic, channel):
    page = HtmlPage(utility_name="Prewatt", help_phone=None, zone=SHANGHAI)
    html = page.show(language, Said(topic, channel, AT))
    assert WORDS[language].topics[topic] in html
    assert WORDS[language].channels[channel] in html
    # In the utility's zone it was the next day.
    assert {"en": "30 November 2026", "zh-CN": "2026年11月30日"}[language] in html


@pytest.mark.parametrize("language", Language)
def test_who_is_to_be_called_and_how_long_to_wait(language):
    page = HtmlPage(utility_name="Prewatt", help_phone=None, zone=SHANGHAI)
    assert WORDS[language].no_call_bill in page.show(language, NotSaid())
    assert "2" in page.show(language, TooOften(61))


async def test_it_answers_what_was_asked_and_no_more(client):
    asked = {"tail": "6789", "code": "91jp rv3f", "lang": "en"}
    yes = await client.post("/n", data=asked)
    assert yes.status_code == 200
    assert "Yes, we sent this" in yes.text
    assert "30 November 2026 by SMS, about supply that was switched off" in yes.text
    assert "6789" not in yes.text
    assert "Li &amp; Söhne" in yes.text


async def test_wrong_is_wrong_whatever_is_wrong(client, notices):
    typed = [("6780", "91JPRV3F"), ("6789", "91JPRV3G"), ("x", "y"), ("<b>", "\0")]
    pages = {
        (await client.post("/n", data={"tail": tail, "code": code, "lang": "en"})).text
        for tail, code in typed
    }
    assert len(pages) == 1
    (page,) = pages
    assert "We did not send this" in page
    assert "95598" in page
    # Each was looked up, so that none is told apart by its time.
    assert len(notices.asked) == len(typed)


async def test_it_is_kept_nowhere_and_runs_nothing(client):
    for answer in [await client.get("/n"), await client.post("/n", data={"tail": "1"})]:
        headers = answer.headers
        assert headers["cache-control"] == "no-store"
        assert headers["content-type"] == "text/html; charset=utf-8"
        assert headers["referrer-policy"] == "no-referrer"
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "frame-ancestors 'none'" in policy
        assert not re.search(r"<script|<link|<img|style=|onclick|http", answer.text)


@pytest.mark.parametrize(
    ("query", "accepts", "language"),
    [
        ("", None, "zh-CN"),
        ("?lang=en", "zh-CN", "en"),
        ("", "de, en;q=0.7", "en"),
        ("", "fr", "zh-CN"),
        ("", "zh-TW,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("", ";;,,=", "zh-CN"),
    ],
)
async def test_in_the_readers_language(client, query, accepts, language):
    headers = {"Accept-Language": accepts} if accepts else {}
    answer = await client.get(f"/n{query}", headers=headers)
    assert f'<html lang="{language}">' in answer.text
    assert answer.headers["content-language"] == language


@pytest.mark.parametrize(
    "body", [b"tail=1&tail=2", b"a=1", b"tail=%ff", b"\xff", b"tail=1&code=2&lang=en&x=3"]
)
async def test_what_no_browser_sends_is_refused(client, body):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    refused = await client.post("/n", content=body, headers=headers)
    assert refused.status_code == 422
    assert refused.json()["type"].endswith("not-the-form")


async def test_codes_of_an_account_are_not_tried_for_long(client, notices):
    wrong = {"tail": "6789", "code": "00000000", "lang": "en"}
    answers = [await client.post("/n", data=wrong) for _ in range(_TRIES)]
    assert {each.status_code for each in answers} == {200}
    for tail in ("6789", " 1100023456789", "6\u200b789", "67 89", "６７８９", "6789\u200b"):
        refused = await client.post("/n", data=wrong | {"tail": tail})
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "180")
        assert "Please wait 3 min" in refused.text
        assert "default-src 'none'" in refused.headers["content-security-policy"]
    assert len(notices.asked) == _TRIES
    assert (await client.post("/n", data=wrong | {"tail": "1234"})).status_code == 200


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("https://n.utility.example/n", "n.utility.example/n"),
        ("https://n.utility.example/", "n.utility.example"),
        ("", None),
    ],
)
def test_the_page_as_texts_say_it(page, said):
    settings = NotifierSettings(database_url="x", auth_public_key="x", notice_page=page)
    assert settings.notice_page_as_said == said


def test_a_long_page_and_what_is_no_phone_are_refused():
    for wrong in (
        {"notice_page": HttpUrl("https://notices.of.our.utility.example/n")},
        {"help_phone": "call us"},
    ):
        with pytest.raises(ValueError, match=r"notice_page|help_phone"):
            NotifierSettings(database_url="x", auth_public_key="x", **wrong)
