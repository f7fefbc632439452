"""How banks take batch debits and answer, what a reason means, and on which day money is asked for
again: pure."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from prepay_ledger.bank_files.values import Unreadable, masked
from prepay_ledger.business_days import BusinessDays
from prepay_ledger.debit_files.rules import follows_of
from prepay_ledger.debit_formats.configured import DebitProfile
from prepay_ledger.debit_formats.pain008 import NAMESPACE
from prepay_ledger.debit_formats.read_answers import read_answers
from prepay_ledger.debit_formats.reason_codes import why_of
from prepay_ledger.debit_formats.values import (
    AnswerKind,
    Debit,
    DebitFile,
    Debtor,
    Unwritable,
)
from prepay_ledger.debit_formats.write_file import write_file
from prewatt_common.contracts.ledger_events_v1 import NotCollected
from prewatt_metering.tariffs.holidays import HolidayCalendar

CREDITOR = {"name": "City Power", "account": "DE02120300000000202051", "id": "DE98ZZZ09999999999"}
SEPA = DebitProfile.model_validate(
    {
        "kind": "pain.008",
        "currency": "EUR",
        "creditor": CREDITOR,
        "remittance": "Power {account_number}",
    }
)
CHINA: dict[str, Any] = {
    "kind": "text",
    "currency": "CNY",
    "creditor": {"name": "城市电力", "account": "6222000011112222", "id": "AG-17"},
    "codes": {"余额不足": "AM04"},
    "text": {
        "encoding": "gbk",
        "head": [
            {"value": "H", "width": 1},
            {"value": "{collect_on}", "width": 8},
            {"value": "{count}", "width": 6, "align": "right", "pad": "0"},
            {"value": "{sum_minor}", "width": 12, "align": "right", "pad": "0"},
        ],
        "columns": [
            {"value": "{id}", "width": 32},
            {"value": "{bank_account}", "width": 20},
            {"value": "{holder}", "width": 10},
            {"value": "{minor}", "width": 12, "align": "right", "pad": "0"},
        ],
    },
    "results": {
        "encoding": "gbk", "id": "序号", "code": "原因", "amount": "金额",
        "outcome": {"column": "结果", "paid": ["成功"], "refused": ["失败"], "returned": ["退回"]},
    },
}  # fmt: skip


def debit(number: int, micro: int = 12_340_000, **of_debtor: str) -> Debit:
    debtor = {"holder": "张敏", "bank_account": "DE02500105170137075030", "bank_code": ""}
    return Debit(
        number=number, id=f"{number:032d}", mandate_reference=f"M-{number}",
        signed_on=date(2026, 1, 5), debtor=Debtor(**(debtor | of_debtor)), amount_micro=micro,
        account_number=f"10000{number}",
    )  # fmt: skip


def file(*debits: Debit, currency: str = "EUR") -> DebitFile:
    return DebitFile(
        id="f" * 32, collect_on=date(2026, 3, 5), made_at=datetime(2026, 3, 3, 9, tzinfo=UTC),
        currency=currency, debits=debits,
    )  # fmt: skip


def test_pain008_has_what_a_bank_needs() -> None:
    body = write_file(file(debit(1), debit(2, 5_000_000, bank_code="GENODEF1ABC")), SEPA)
    assert body == write_file(file(debit(1), debit(2, 5_000_000, bank_code="GENODEF1ABC")), SEPA)
    root = fromstring(body)
    in_it = {"p": NAMESPACE}

    def texts(path: str) -> list[str | None]:
        return [each.text for each in root.iterfind(path, in_it)]

    head = "p:CstmrDrctDbtInitn/p:GrpHdr"
    payment = "p:CstmrDrctDbtInitn/p:PmtInf"
    one = f"{payment}/p:DrctDbtTxInf"
    for each in (head, payment):
        assert texts(f"{each}/p:NbOfTxs") == ["2"]
        assert texts(f"{each}/p:CtrlSum") == ["17.34"]
    assert texts(f"{head}/p:MsgId") == ["f" * 32]
    assert texts(f"{payment}/p:ReqdColltnDt") == ["2026-03-05"]
    assert texts(f"{payment}/p:CdtrAcct/p:Id/p:IBAN") == [CREDITOR["account"]]
    assert texts(f"{payment}/p:CdtrSchmeId/p:Id/p:PrvtId/p:Othr/p:Id") == [CREDITOR["id"]]
    assert texts(f"{one}/p:PmtId/p:EndToEndId") == [f"{1:032d}", f"{2:032d}"]
    assert texts(f"{one}/p:InstdAmt") == ["12.34", "5.00"]
    assert texts(f"{one}/p:DrctDbtTx/p:MndtRltdInf/p:MndtId") == ["M-1", "M-2"]
    assert texts(f"{one}/p:DrctDbtTx/p:MndtRltdInf/p:DtOfSgntr") == ["2026-01-05"] * 2
    assert texts(f"{one}/p:DbtrAgt/p:FinInstnId/p:BICFI") == ["GENODEF1ABC"]
    assert texts(f"{one}/p:Dbtr/p:Nm") == ["张敏"] * 2
    assert texts(f"{one}/p:RmtInf/p:Ustrd") == ["Power 100001", "Power 100002"]
    # The schema says in which order they stand.
    (information,) = root.iterfind(payment, in_it)
    assert [each.tag.rpartition("}")[2] for each in information][:13] == [
        "PmtInfId", "PmtMtd", "BtchBookg", "NbOfTxs", "CtrlSum", "PmtTpInf", "ReqdColltnDt",
        "Cdtr", "CdtrAcct", "CdtrAgt", "ChrgBr", "CdtrSchmeId", "DrctDbtTxInf",
    ]  # fmt: skip


def test_a_file_of_text_has_its_widths_in_bytes() -> None:
    profile = DebitProfile.model_validate(CHINA)
    body = write_file(file(debit(1, bank_account="6222000011112222"), currency="CNY"), profile)
    head, line, rest = body.split(b"\r\n")
    assert (head, rest) == (b"H20260305000001000000001234", b"")
    assert len(line) == 32 + 20 + 10 + 12
    assert line[52:62].decode("gbk") == "张敏      "
    assert line[62:] == b"000000001234"


@pytest.mark.parametrize(
    ("of_debtor", "micro", "why"),
    [
        ({"holder": "一个很长的名字"}, 10_000, "longer than 10 bytes"),
        ({"holder": "Ł"}, 10_000, "cannot be written in gbk"),
        ({"holder": "a\nb"}, 10_000, "ends a field"),
        ({}, 1, "no whole number"),
    ],
)
def test_what_does_not_fit_is_not_cut_off(of_debtor: dict[str, str], micro: int, why: str) -> None:
    line = debit(1, micro, **({"bank_account": "1"} | of_debtor))
    with pytest.raises(Unwritable, match=why) as refused:
        write_file(file(line, currency="CNY"), DebitProfile.model_validate(CHINA))
    assert not any(each in str(refused.value) for each in of_debtor.values())


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=20))
def test_counts_and_sums_are_those_of_the_lines(cents: list[int]) -> None:
    debits = [debit(number, each * 10_000) for number, each in enumerate(cents, 1)]
    root = fromstring(write_file(file(*debits), SEPA))
    amounts = [Decimal(each.text or "") for each in root.iter(f"{{{NAMESPACE}}}InstdAmt")]
    for total in root.iter(f"{{{NAMESPACE}}}CtrlSum"):
        assert Decimal(total.text or "") == sum(amounts) == Decimal(sum(cents)) / 100
    for count in root.iter(f"{{{NAMESPACE}}}NbOfTxs"):
        assert count.text == str(len(cents))


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": None},
        {"text": {"columns": [{"value": "{holder}", "width": 9}]}},
        {"text": {"columns": [{"value": "{id} {nobody}", "width": 9}]}},
        {"text": {"columns": [{"value": "{id}"}]}},
        {"kind": "pain.008"},
        {"currency": "yuan"},
        {"unknown": 1},
    ],
)
def test_a_profile_that_says_too_little_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DebitProfile.model_validate(CHINA | wrong)


PAIN_002 = """<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
<OrgnlGrpInfAndSts><OrgnlMsgId>F</OrgnlMsgId>{group}</OrgnlGrpInfAndSts>
<OrgnlPmtInfAndSts>{of_all}{lines}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"""


def status(name: str, said: str, code: str = "", amount: str = "") -> str:
    reason = f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf>" if code else ""
    reference = (
        f'<OrgnlTxRef><Amt><InstdAmt Ccy="EUR">{amount}</InstdAmt></Amt></OrgnlTxRef>'
        if amount
        else ""
    )
    return (
        f"<TxInfAndSts><OrgnlEndToEndId>{name}</OrgnlEndToEndId><TxSts>{said}</TxSts>{reason}"
        f"{reference}</TxInfAndSts>"
    )


def test_pain002_of_lines() -> None:
    lines = status("a", "RJCT", "AC04", "12.34") + status("b", "ACSC") + status("c", "ACSP")
    body = PAIN_002.format(group="<GrpSts>PART</GrpSts>", of_all="", lines=lines).encode()
    found = read_answers(body, SEPA)
    assert [(each.kind, each.id, each.code, each.amount_micro) for each in found] == [
        (AnswerKind.REFUSED, "a", "AC04", 12_340_000),
        (AnswerKind.PAID, "b", "", None),
    ]


@pytest.mark.parametrize("by", ["group", "of_all"])
def test_pain002_of_a_whole_file(by: str) -> None:
    tag = "GrpSts" if by == "group" else "PmtInfSts"
    said = f"<{tag}>RJCT</{tag}><StsRsnInf><Rsn><Cd>TM01</Cd></Rsn></StsRsnInf>"
    body = PAIN_002.format(**({"group": "", "of_all": "", "lines": ""} | {by: said})).encode()
    (answer,) = read_answers(body, SEPA)
    assert (answer.kind, answer.id, answer.file_id, answer.code) == ("refused", "", "F", "TM01")


def test_camt054_of_returns_and_payments() -> None:
    body = (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn>'
        "<Ntfctn><Ntry><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><NtryDtls><TxDtls><Refs>"
        '<EndToEndId>a</EndToEndId></Refs><Amt Ccy="EUR">5</Amt><RtrInf><Rsn><Cd>MD06</Cd></Rsn>'
        "</RtrInf></TxDtls></NtryDtls></Ntry><Ntry><CdtDbtInd>CRDT</CdtDbtInd><NtryDtls><TxDtls>"
        "<Refs><EndToEndId>b</EndToEndId></Refs></TxDtls></NtryDtls></Ntry></Ntfctn>"
        "</BkToCstmrDbtCdtNtfctn></Document>"
    )
    found = read_answers(body.encode(), SEPA)
    assert [(each.kind, each.id, each.code, each.amount_micro) for each in found] == [
        ("returned", "a", "MD06", 5_000_000), ("paid", "b", "", None),
    ]  # fmt: skip


def test_text_in_chinese_with_the_banks_own_reasons() -> None:
    body = "序号,结果,原因,金额\na,成功,,12.34\nb,失败,余额不足,1\nc,退回,别的,\n".encode("gbk")
    found = read_answers(body, DebitProfile.model_validate(CHINA))
    assert [(each.kind, each.id, each.code, each.amount_micro) for each in found] == [
        ("paid", "a", "", 12_340_000), ("refused", "b", "AM04", 1_000_000),
        ("returned", "c", "别的", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "no XML"),
        (b"<Document/>", "no pain.002"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "DTD"),
        ("序号,结果,原因,金额\na,也许,,1\n".encode("gbk"), "no outcome"),
        ("序号,结果\n".encode("gbk"), "no column"),
        (b"\xff\xff\xff", "gbk"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(body: bytes, why: str) -> None:
    profile = (
        SEPA if why in {"no XML", "no pain.002", "DTD"} else DebitProfile.model_validate(CHINA)
    )
    with pytest.raises(Unreadable, match=why):
        read_answers(body, profile)


@given(st.binary(max_size=200))
def test_any_bytes_may_come(body: bytes) -> None:
    for profile in (SEPA, DebitProfile.model_validate(CHINA)):
        try:
            read_answers(body, profile)
        except Unreadable:
            continue


GERMANY = BusinessDays(HolidayCalendar(country="DE"))


@pytest.mark.parametrize(
    ("code", "failures", "today", "follows"),
    [
        ("AM04", 0, "2026-04-02", (False, "2026-04-09", False)),  # three days over Easter
        ("AM04", 1, "2026-03-02", (False, "2026-03-11", False)),
        ("AM04", 2, "2026-03-02", (False, "2026-04-01", False)),  # the next month
        ("AM04", 2, "2026-04-02", (False, "2026-05-04", False)),  # the first is a holiday
        ("AC04", 0, "2026-03-02", (True, "2026-04-01", False)),
        ("MD01", 0, "2026-03-02", (True, "2026-04-01", False)),
        ("MS02", 0, "2026-03-02", (True, "2026-04-01", False)),
        ("", 0, "2026-03-02", (False, "2026-04-01", True)),
        ("ZZ99", 0, "2026-03-02", (False, "2026-04-01", True)),
    ],
)
def test_a_reason_decides(
    code: str, failures: int, today: str, follows: tuple[bool, str, bool]
) -> None:
    found = follows_of(
        code, failures=failures, today=date.fromisoformat(today), profile=SEPA, days=GERMANY
    )
    for_good, retry_on, is_open = follows
    assert found == (for_good, date.fromisoformat(retry_on), is_open)


@given(
    st.sampled_from(["AM04", "AC04", "", "XX"]),
    st.integers(0, 9),
    st.dates(date(2026, 1, 1), date(2026, 12, 31)),
)
def test_never_on_the_same_day_and_always_on_a_business_day(
    code: str, failures: int, today: date
) -> None:
    found = follows_of(code, failures=failures, today=today, profile=SEPA, days=GERMANY)
    assert found.retry_on > today
    assert GERMANY.has(found.retry_on)


def test_an_account_is_shown_by_its_end() -> None:
    assert (masked("6222000011112222"), masked("12")) == ("************2222", "12")


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("AM04", NotCollected.NO_MONEY),
        ("AC04", NotCollected.ACCOUNT_CLOSED),
        ("AC06", NotCollected.ACCOUNT_UNUSABLE),
        ("MD01", NotCollected.REFUSED),
        ("MS02", NotCollected.REFUSED),
        # A fault of the bank's, or of ours, and a death: nobody is told so by a text.
        ("ED05", NotCollected.OTHER),
        ("AC03", NotCollected.OTHER),
        ("MD07", NotCollected.OTHER),
        ("XX99", NotCollected.OTHER),
        ("", NotCollected.OTHER),
    ],
)
def test_what_a_code_says_to_a_customer(code: str, why: NotCollected) -> None:
    assert why_of(code) is why
