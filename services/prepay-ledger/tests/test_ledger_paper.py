"""Slips as PDF: everything is on them, in whatever script, and a phone reads their code."""

import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import matplotlib
import pypdfium2
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from pypdf import PdfReader
from test_ledger_receipts import SALE, VOID

from prepay_ledger.paper.pdf import Unprintable, load_font, slip_pdf
from prepay_ledger.paper.values import Block, Language, Line, Slip, Weight
from prepay_ledger.receipts.paid_slip import CODE_CHARACTERS_MAX, paid_slip
from prepay_ledger.receipts.values import Claims, Leaf
from prepay_ledger.settings import LedgerSettings
from prepay_ledger.vending.receipt import vend_slip

FONT = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
MM = 72 / 25.4
ROW = {
    "id": "018f0000-0000-7000-8000-000000000001",
    "provider": "wechat",
    "payment_id": "4200001234202603017654321098",
    "account_number": "A-1001",
    "amount_micro": "50000000",
    "currency": "CNY",
    "reason": "",
    "received_at": "2026-03-01T04:00:00+00:00",
}
TOPUP = {
    "repaid_micro": "8000000",
    "debts_micro": "10000000",
    "added_micro": "32000000",
    "balance_micro": "32000000",
    "left_micro": "52000000",
}


def claims(*, account: str | None = "A-1001", back_micro: int = 0, **row: str) -> Claims:
    topup = (
        None if account is None else Leaf(table="topup", day=VOID.at.date(), row=json.dumps(TOPUP))
    )
    return Claims(
        table="payment",
        day=VOID.at.date(),
        row=json.dumps(ROW | row),
        account_number=account,
        taken_back_micro=str(back_micro),
        topup=topup,
    )


def paid(of: Claims, language: Language = Language.ENGLISH, signed: str = "a.b.c") -> Slip:
    zone = ZoneInfo("Asia/Shanghai")
    return paid_slip(of, signed=signed, issuer="供电局", zone=zone, language=language)


def lines_on(slip: Slip) -> set[tuple[str, str]]:
    return {(line.name, line.value) for block in slip.blocks for line in block.lines}


def read(pdf: bytes) -> str:
    """The text of all its pages, without spaces: what is wrapped is joined."""
    return "".join("".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


def test_a_payment_says_where_its_money_went() -> None:
    assert lines_on(paid(claims())) == {
        ("Account", "A-1001"),
        ("Time", "2026-03-01 12:00:00"),
        ("Paid through", "wechat"),
        ("Payment", ROW["payment_id"]),
        ("Paid", "50.00 CNY"),
        ("to emergency credit", "8.00 CNY"),
        ("to debts", "10.00 CNY"),
        ("to balance", "32.00 CNY"),
        ("Balance after it", "32.00 CNY"),
        ("Could be used until the cut", "52.00 CNY"),
        ("Receipt", ROW["id"]),
    }


def test_money_that_is_on_no_account_or_went_back_says_so_first() -> None:
    nowhere = paid(claims(account=None), Language.CHINESE)
    assert nowhere.mark == "尚未计入账户"
    assert ("缴费时填写", "A-1001") in lines_on(nowhere)
    assert not any(name == "缴费后余额" for name, _ in lines_on(nowhere))
    part, whole = paid(claims(back_micro=1)), paid(claims(back_micro=50_000_000))
    assert (part.mark, whole.mark) == ("", "TAKEN BACK")
    assert ("Taken back", "0.000001 CNY") in lines_on(part)
    moved = paid(claims(account="B-2"))
    assert {("Account", "B-2"), ("Given as", "A-1001")} <= lines_on(moved)


@pytest.mark.parametrize("language", Language)
def test_everything_of_a_sale_stands_on_its_paper(language: Language) -> None:
    void = replace(SALE, void=VOID)
    slip = vend_slip(void, local_time="2026-03-01 12:00:00", language=language)
    pdf = slip_pdf(slip)
    assert pdf == slip_pdf(slip)
    (page,) = PdfReader(BytesIO(pdf)).pages
    assert page.mediabox.width == pytest.approx(80 * MM)
    said = read(pdf)
    # Of a font that is not in the file its reader knows the characters; pypdf does not.
    western = [value for _, value in lines_on(slip) if value.isascii()]
    assert len(western) >= 10
    assert all("".join(value.split()) in said for value in western)


def test_a_phone_reads_the_signed_receipt_off_the_paper() -> None:
    signed = "a" * (CODE_CHARACTERS_MAX - 80) + "._-" + "Z9" * 38
    slip = paid(claims(), Language.CHINESE, signed)
    pdf = slip_pdf(slip)
    picture = pypdfium2.PdfDocument(pdf)[0].render(scale=203 / 72).to_pil()  # a roll printer's dots
    (code,) = zxingcpp.read_barcodes(picture)
    assert code.text == signed
    assert paid(claims(), signed=signed + "x" * 80).code is None


def test_with_a_font_of_ones_own_everything_is_in_the_file() -> None:
    slip = paid(claims(payment_id="Ελλάς-Привет-ﬁ"))
    pdf = slip_pdf(slip, font_file=FONT)
    assert "Ελλάς-Привет-ﬁ" in read(pdf)
    page = PdfReader(BytesIO(pdf)).pages[0]
    fonts = page["/Resources"]["/Font"].values()  # pyright: ignore[reportIndexIssue, reportAttributeAccessIssue]
    embedded = [font for font in fonts if "/FontFile2" in font.get("/FontDescriptor", {})]
    assert embedded
    # It has no Chinese: the issuer's name is seen to be missing.
    assert "???" in read(pdf) or "〓〓〓" in read(pdf)


@pytest.mark.parametrize("content", [b"", b"no font", b"OTTO" + bytes(200)])
def test_a_file_that_is_no_font_is_refused_at_start(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "font.ttf"
    file.write_bytes(content)
    for each in (file, tmp_path / "none.ttf"):
        with pytest.raises(Unprintable, match="no TrueType font"):
            load_font(each)
        with pytest.raises(ValidationError, match="no TrueType font"):
            LedgerSettings(  # pyright: ignore[reportCallIssue]
                paper_font=each, database_url="postgresql://x", command_key_id="a"
            )


texts = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=90)


@settings(max_examples=60, deadline=None)
@given(name=texts, value=texts, issuer=texts, weight=st.sampled_from(Weight))
def test_whatever_is_on_it_stays_within_its_margins(
    name: str, value: str, issuer: str, weight: Weight
) -> None:
    slip = Slip(
        language=Language.ENGLISH,
        issuer=issuer,
        title="T",
        blocks=[Block(lines=[Line(name, value, weight)])],
        closing="C",
    )
    page = pypdfium2.PdfDocument(slip_pdf(slip))[0]
    text = page.get_textpage()
    boxes = [text.get_rect(number) for number in range(text.count_rects())]
    assert boxes
    assert min(left for left, *_ in boxes) > 3 * MM
    assert max(right for _, _, right, _ in boxes) < 77 * MM
