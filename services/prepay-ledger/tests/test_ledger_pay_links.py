"""Pay links without their database: tokens, what may be paid, forms, pages."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_providers import ledger_settings
from pydantic import SecretStr, TypeAdapter, ValidationError

from prepay_ledger.pay_links.configured import BaseUrl, key_bytes
from prepay_ledger.pay_links.draw_page import DrawPage, FormState, Message, page_headers
from prepay_ledger.pay_links.read_form import Filled, filled, read_form
from prepay_ledger.pay_links.rules import (
    can_be_paid,
    decimals_of,
    is_old,
    odd_amount,
    offer_of,
    state_of,
    tail_of,
    typed_micro,
)
from prepay_ledger.pay_links.texts import TEXTS, language_of, money
from prepay_ledger.pay_links.tokens import SYMBOLS, read_token, token_of, token_sha256
from prepay_ledger.pay_links.values import (
    Attempt,
    AttemptState,
    LinkState,
    Payable,
    PayAmounts,
    PayLink,
)
from prewatt_common import base32
from prewatt_common.contracts.base import PayUrl

ALPHABET = base32.ALPHABET.lower()
MICRO = 1_000_000
NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
KEYS = {"new": b"n" * 32, "old": b"o" * 32}
LINK = PayLink(
    id=UUID(int=1),
    account_id=UUID(int=2),
    token_sha256=bytes(32),
    key_id="old",
    valid_until=NOW + timedelta(days=1),
    most_micro=None,
    for_whom="",
    shows_needed=False,
    made_by="w",
    idempotency_key="k",
    made_at=NOW,
)
PAYABLE = Payable(
    link=LINK, number="000000017", currency="CNY", needed_micro=37_123_456, is_closed=False
)
NONCE = "a" * 22


def test_a_token_is_made_of_its_link_by_its_key_alone():
    token = token_of(LINK.id, key=KEYS["old"])
    assert token == token_of(LINK.id, key=KEYS["old"])
    assert len(token) == SYMBOLS <= 16
    assert set(token) <= set(ALPHABET)
    others = {token_of(LINK.id, key=KEYS["new"]), token_of(UUID(int=3), key=KEYS["old"])}
    assert token not in others
    assert token_sha256(token) != token_sha256(others.pop())


def test_an_alphabet_of_32_without_look_alikes_carries_80_bits():
    assert len(set(ALPHABET)) == 32
    assert SYMBOLS * 5 == 80
    assert not set("ilou") & set(ALPHABET)


@given(link_id=st.uuids(), key=st.binary(min_size=32, max_size=32), data=st.data())
def test_a_token_is_read_however_it_was_typed(link_id, key, data):
    token = token_of(link_id, key=key)
    looks = {"0": "0oOＯ", "1": "1iIlL"}
    typed = "".join(
        data.draw(st.sampled_from(looks.get(symbol, symbol + symbol.upper()))) for symbol in token
    )
    place = data.draw(st.integers(0, SYMBOLS))
    assert (
        read_token(typed[:place] + data.draw(st.sampled_from(["", "-", " "])) + typed[place:])
        == token
    )


@given(st.text(max_size=100))
def test_whatever_is_typed_is_a_token_or_nothing(text):
    found = read_token(text)
    assert found is None or (len(found) == SYMBOLS and set(found) <= set(ALPHABET))


@pytest.mark.parametrize("text", ["", "0" * 15, "0" * 17, "u" * 16, "0" * 15 + "\x00", "é" * 16])
def test_what_is_no_token_is_none(text):
    assert read_token(text) is None


@pytest.mark.parametrize(
    ("change", "keys", "state"),
    [
        ({}, KEYS, LinkState.VALID),
        ({"valid_until": NOW}, KEYS, LinkState.EXPIRED),
        ({"revoked_at": NOW, "revoked_by": "w"}, KEYS, LinkState.REVOKED),
        ({"revoked_at": NOW, "valid_until": NOW}, KEYS, LinkState.REVOKED),
        ({}, {"new": b""}, LinkState.KEY_GONE),
        ({}, {}, LinkState.KEY_GONE),
    ],
)
def test_how_a_link_stands(change, keys, state):
    assert state_of(replace(LINK, **change), keys=keys, now=NOW) is state


AMOUNTS = PayAmounts(
    choices_micro=(20 * MICRO, 50 * MICRO, 100 * MICRO),
    least_micro=10 * MICRO,
    most_micro=200 * MICRO,
)


@pytest.mark.parametrize(
    ("link", "needed", "choices", "shown", "most"),
    [
        ({}, 37 * MICRO, (20, 50, 100), 0, 200),
        ({"shows_needed": True}, 37_123_456, (20, 37.13, 50, 100), 37.13, 200),
        ({"shows_needed": True}, 0, (20, 50, 100), 0, 200),
        ({"shows_needed": True}, 3 * MICRO, (10, 20, 50, 100), 10, 200),
        ({"shows_needed": True}, 50 * MICRO, (20, 50, 100), 50, 200),
        ({"shows_needed": True}, 201 * MICRO, (20, 50, 100), 0, 200),
        ({"most_micro": 50 * MICRO}, 0, (20, 50), 0, 50),
        ({"most_micro": 5 * MICRO}, 0, (), 0, 5),
        ({"most_micro": 500 * MICRO}, 0, (20, 50, 100), 0, 200),
    ],
)
def test_what_a_payer_may_choose(link, needed, choices, shown, most):
    payable = replace(PAYABLE, link=replace(LINK, **link), needed_micro=needed)
    offer = offer_of(payable, {"CNY": AMOUNTS})
    assert [each / MICRO for each in offer.choices_micro] == list(choices)
    assert offer.needed_micro == shown * MICRO
    assert offer.most_micro == most * MICRO
    assert all(can_be_paid(each, offer) for each in offer.choices_micro)
    assert not can_be_paid(offer.most_micro + 10_000, offer)


@pytest.mark.parametrize(
    ("currency", "choices", "least", "most", "odd"),
    [
        ("CNY", (12_340_000,), 10_000, 20_000_000, None),
        ("CNY", (12_345_000,), 10_000, 20_000_000, 12_345_000),
        ("KWD", (12_345_000,), 1_000, 20_000_000, None),
        ("JPY", (500 * MICRO,), 1_500_000, 900 * MICRO, 1_500_000),
        ("JPY", (), MICRO, 900_500_000, 900_500_000),
    ],
)
def test_a_ledger_starts_with_amounts_that_can_be_paid(currency, choices, least, most, odd):
    amounts = PayAmounts(choices_micro=choices, least_micro=least, most_micro=most)
    assert odd_amount(amounts, currency) == odd
    if odd is None:
        assert ledger_settings(pay_amounts={currency: amounts}).pay_amounts == {currency: amounts}
        return
    with pytest.raises(ValidationError, match=f"{currency}: nobody could pay {odd}"):
        ledger_settings(pay_amounts={currency: amounts})


def test_a_currency_that_the_settings_do_not_name_has_amounts_too():
    for currency in ("CNY", "JPY", "KWD"):
        offer = offer_of(replace(PAYABLE, currency=currency), {})
        assert offer.choices_micro
        assert all(can_be_paid(each, offer) for each in offer.choices_micro)


@pytest.mark.parametrize(
    "wrong",
    [
        {"least_micro": 0},
        {"least_micro": 300 * MICRO},
        {"most_micro": 10**16},
        {"choices_micro": (5 * MICRO,)},
    ],
)
def test_amounts_that_contradict_each_other_are_refused(wrong):
    with pytest.raises(ValueError, match="micro"):
        replace(AMOUNTS, **wrong)


@pytest.mark.parametrize(
    ("number", "tail"),
    [("000000017", "0017"), ("100001", "001"), ("12", "2"), ("7", ""), ("", "")],
)
def test_of_a_number_at_most_half_is_told(number, tail):
    assert tail_of(number) == tail


@pytest.mark.parametrize(
    ("text", "currency", "micro"),
    [
        ("12", "CNY", 12 * MICRO),
        (" 12.5 ", "CNY", 12_500_000),
        ("12,50", "EUR", 12_500_000),
        ("１２．５", "CNY", 12_500_000),
        ("0", "CNY", 0),
        ("12.345", "KWD", 12_345_000),
        ("12.345", "CNY", None),
        ("1,000", "CNY", None),
        ("12.0", "JPY", None),
        ("-5", "CNY", None),
        ("1e3", "CNY", None),
        ("٥", "CNY", None),
        ("1 000", "CNY", None),
        ("¥5", "CNY", None),
        ("9" * 10, "CNY", None),
        ("", "CNY", None),
    ],
)
def test_an_amount_as_it_is_typed(text, currency, micro):
    assert typed_micro(text, currency) == micro


@given(text=st.text(max_size=20), currency=st.sampled_from(["CNY", "JPY", "KWD"]))
def test_whatever_is_typed_is_an_amount_of_the_currency_or_nothing(text, currency):
    micro = typed_micro(text, currency)
    assert micro is None or micro % 10 ** (6 - decimals_of(currency)) == 0


@pytest.mark.parametrize(
    ("state", "minutes", "old"),
    [
        (AttemptState.BEGUN, 59, False),
        (AttemptState.BEGUN, 60, True),
        (AttemptState.AT_PROVIDER, 119, False),
        (AttemptState.AT_PROVIDER, 120, True),
        (AttemptState.FAILED, 119, False),
        (AttemptState.FAILED, 120, True),
        (AttemptState.DECLINED, 999, False),
        (AttemptState.PAID, 999, False),
    ],
)
def test_how_long_the_same_form_leads_to_the_same_page(state, minutes, old):
    attempt = Attempt(
        id=uuid4(), link_id=LINK.id, nonce=NONCE, provider="p", amount_micro=1, currency="CNY",
        language="en", state=state, page_url="", code="", payment_id="", paid_micro=None,
        begun_at=NOW, closed_at=None,
    )  # fmt: skip
    assert is_old(attempt, now=NOW + timedelta(minutes=minutes)) is old


OFFER = offer_of(PAYABLE, {"CNY": AMOUNTS})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (f"nonce={NONCE}&amount=20000000&other=&way=p", 20 * MICRO),
        (f"nonce={NONCE}&other=12.5&way=p", 12_500_000),
        (f"nonce={NONCE}&other=12%2C5&way=p", 12_500_000),
        (f"nonce={NONCE}&amount=30000000&other=&way=p", 30 * MICRO),
        (f"nonce={NONCE}&amount=20000000&other=12&way=p", "two_amounts"),
        (f"nonce={NONCE}&other=&way=p", "wrong_amount"),
        (f"nonce={NONCE}&other=9.99&way=p", "wrong_amount"),
        (f"nonce={NONCE}&other=200.01&way=p", "wrong_amount"),
        (f"nonce={NONCE}&amount=20000001&other=&way=p", "wrong_amount"),
        (f"nonce={NONCE}&amount=-5&other=&way=p", "wrong_amount"),
        (f"nonce={NONCE}&amount=20000000&other=", "wrong_way"),
        ("nonce=short&amount=20000000&way=p", None),
        ("amount=20000000&way=p", None),
        (f"nonce={NONCE}&nonce={NONCE}&way=p", None),
        (f"nonce={NONCE}&unknown=1", None),
        (f"nonce={NONCE}&way=%00", None),
        (f"nonce={NONCE}&way=%ff", None),
        (f"nonce={NONCE}&way={'p' * 101}", None),
        ("", None),
        ("nonsense", None),
    ],
)
def test_a_form_is_read_as_it_was_meant(body, expected):
    state = read_form(body.encode())
    if expected is None:
        assert state is None
        return
    assert state is not None
    form = filled(state, OFFER)
    found = form.amount_micro if isinstance(form, Filled) else form.problem
    assert found == expected


@given(st.binary(max_size=300))
def test_any_bytes_are_a_form_or_nothing(body):
    read_form(body)


def test_both_languages_say_everything_with_the_same_places():
    places = {
        code: {name: sorted(re.findall(r"\{\w+\}", text)) for name, text in texts.items()}
        for code, texts in TEXTS.items()
    }
    assert places["en"] == places["zh-CN"]
    assert all(text.strip() for texts in TEXTS.values() for text in texts.values())


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("zh", "zh-CN"),
        ("zh-Hant-TW, en;q=0.9", "zh-CN"),
        ("en-GB, zh;q=0.9", "en"),
        ("de, zh;q=0.3, en;q=0.2", "zh-CN"),
        ("de, fr", "en"),
        ("zh;q=0, en;q=0.1", "en"),
        ("zh;q=nonsense, en", "en"),
        ("*", "en"),
        (",;=;,", "en"),
    ],
)
def test_the_language_that_a_browser_wants_most(accepted, language):
    assert language_of(accepted) == language


@given(st.text(max_size=600))
def test_any_header_gives_a_language(accepted):
    assert language_of(accepted) in TEXTS


@pytest.mark.parametrize(
    ("micro", "currency", "language", "text"),
    [
        (50 * MICRO, "CNY", "zh-CN", "50 元"),
        (50 * MICRO, "CNY", "en", "CNY 50"),
        (1_234_500_000, "EUR", "en", "EUR 1,234.50"),
        (1_234_500_000, "EUR", "zh-CN", "EUR 1,234.50"),
        (500 * MICRO, "JPY", "en", "JPY 500"),
        (12_345_000, "KWD", "en", "KWD 12.345"),
    ],
)
def test_money_as_people_write_it(micro, currency, language, text):
    assert money(micro, currency, language) == text


PAGES = DrawPage(
    utility="Ube & <Sons>",
    ways={"cards": {"en": "Card", "zh-CN": "银行卡"}, "wallet": {"en": "Wallet", "zh-CN": "钱包"}},
)


@pytest.mark.parametrize("language", TEXTS)
def test_a_page_escapes_what_people_sent_and_labels_each_field(language):
    state = FormState(nonce=NONCE, other='"><script>', problem="wrong_amount", problem_at="amount")
    page = PAGES.form(OFFER, state, action="/p/x", language=language)
    assert "<script" not in page
    assert "Ube &amp; &lt;Sons&gt;" in page
    assert f'<html lang="{language}">' in page
    labelled = {*re.findall(r'<label for="(\w+)"', page)}
    loose = re.findall(r'<input id="(\w+)"', page)
    assert {*loose} == labelled
    assert page.count('type="radio"') == page.count('<label class="tile">')
    assert 'role="alert"' in page
    assert 'aria-invalid="true"' in page
    assert "37.1" not in page, "what is needed is not told"


def test_a_page_says_what_is_needed_where_the_links_maker_let_it():
    offer = offer_of(replace(PAYABLE, link=replace(LINK, shows_needed=True)), {"CNY": AMOUNTS})
    page = PAGES.form(offer, FormState(nonce=NONCE), action="/p/x", language="en")
    assert "CNY 37.13" in page
    assert "Needed now" in page
    assert "000000017" not in page
    assert "<strong>0017</strong>" in page


def test_one_way_of_paying_is_not_asked_for():
    pages = DrawPage(utility="U", ways={"cards": {"en": "Card", "zh-CN": "银行卡"}})
    page = pages.form(OFFER, FormState(nonce=NONCE), action="/p/x", language="en")
    assert '<input type="hidden" name="way" value="cards">' in page
    assert 'type="radio" name="way"' not in page


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("name", ["over", "unknown", "paid", "waiting", "failed"])
def test_how_things_stand_is_a_page_of_one_heading(language, name):
    message = Message(
        mood="bad", heading=f"{name}_title", lines=[name], amount="CNY 5",
        links=[("look_again", "/p/x/done?payment=1&lang=en")], query="payment=1",
    )  # fmt: skip
    page = PAGES.message(message, language=language)
    assert page.count("<h1>") == 1
    assert 'href="?payment=1&amp;lang=' in page
    assert "{amount}" not in page


def test_headers_let_nothing_run_be_framed_or_kept():
    headers = page_headers(language="en", page_origins=["https://pay.example"])
    policy = dict(
        each.strip().partition(" ")[::2] for each in headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == "'self' https://pay.example"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "strict-origin"
    assert "noindex" in headers["X-Robots-Tag"]


def test_a_key_is_base64_of_enough_bytes():
    assert key_bytes(SecretStr("bg" * 21 + "b=")) is not None
    for wrong in ("", "nonsense!", "bm4="):
        with pytest.raises(ValueError, match="key of pay links"):
            key_bytes(SecretStr(wrong))


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("", ""),
        ("https://pay.example/", "https://pay.example"),
        ("http://127.0.0.1:8082", "http://127.0.0.1:8082"),
        ("HTTPS://Pay.example:8443/", "https://pay.example:8443"),
    ],
)
def test_links_are_of_one_domain(text, url):
    assert TypeAdapter(BaseUrl).validate_python(text) == url
    if url:
        # A warning that named another link would be read by nobody.
        assert msgspec.convert(f"{url}/p/0123456789abcdef", PayUrl)


@pytest.mark.parametrize(
    "text",
    ["pay.example", "http://pay.example", "https://pay.example/a", "https://u:p@pay.example",
     "https://pay.example?x=1", "https://", "https://["],
)  # fmt: skip
def test_what_is_no_domain_is_refused(text):
    with pytest.raises(ValidationError):
        TypeAdapter(BaseUrl).validate_python(text)
