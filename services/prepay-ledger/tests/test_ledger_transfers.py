"""Files by which a bank pays refunds, and what follows from its answers: pure."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from defusedxml.ElementTree import fromstring
from pydantic import ValidationError

from prepay_ledger.bank_files.values import Unreadable
from prepay_ledger.debit_formats.configured import DebitProfile, TransferProfile
from prepay_ledger.debit_formats.pain001 import NAMESPACE
from prepay_ledger.debit_formats.read_answers import read_answers
from prepay_ledger.debit_formats.values import AnswerKind, Transfer, TransferFile, Unwritable
from prepay_ledger.debit_formats.write_file import write_transfer_file
from prepay_ledger.facts.values import Decided
from prepay_ledger.refunds.values import Payee, RefundState
from prepay_ledger.transfer_files.make_file import approve_file
from prepay_ledger.transfer_files.refusals import FileNotSo
from prepay_ledger.transfer_files.rules import (
    file_of,
    follows_of,
    why_not_cancelled,
    why_not_given,
    why_not_unpaid,
)
from prepay_ledger.transfer_files.values import (
    Answer,
    AnswerState,
    FileState,
    ItemState,
    TransferFileRow,
    TransferItem,
)

PAYER = {"name": "City Power", "account": "DE02120300000000202051", "bank_code": "BYLADEM1001"}
SEPA = TransferProfile.model_validate(
    {
        "kind": "pain.001",
        "currency": "EUR",
        "payer": PAYER,
        "remittance": "Refund {account_number}",
    }
)
COLUMNS = [
    {"value": "{id}", "width": 32},
    {"value": "{bank_account}", "width": 20},
    {"value": "{holder}", "width": 10},
    {"value": "{minor}", "width": 12, "align": "right", "pad": "0"},
]
CHINA: dict[str, Any] = {
    "kind": "text",
    "currency": "CNY",
    "payer": {"name": "城市电力", "account": "6222000011112222"},
    "text": {
        "encoding": "gbk",
        "head": [
            {"value": "{pay_on}", "width": 8},
            {"value": "{count}", "width": 6, "align": "right", "pad": "0"},
            {"value": "{sum_minor}", "width": 12, "align": "right", "pad": "0"},
        ],
        "columns": COLUMNS,
    },
}


def text_of(column: str) -> dict[str, Any]:
    return {"columns": [{"value": column, "width": 9}]}


def transfer(number: int, micro: int = 12_340_000, **other: str) -> Transfer:
    plain = {"holder": "张敏", "bank_account": "DE02500105170137075030", "bank_code": ""}
    return Transfer(
        number=number, id=f"{number:032d}", amount_micro=micro, account_number=f"10000{number}",
        **(plain | other),
    )  # fmt: skip


def file(*transfers: Transfer, currency: str = "EUR") -> TransferFile:
    return TransferFile(
        id="f" * 32, pay_on=date(2026, 3, 5), made_at=datetime(2026, 3, 3, 9, tzinfo=UTC),
        currency=currency, transfers=transfers,
    )  # fmt: skip


def test_pain001_has_what_a_bank_needs() -> None:
    asked = file(transfer(1), transfer(2, 5_000_000, bank_code="GENODEF1ABC"))
    body = write_transfer_file(asked, SEPA)
    assert body == write_transfer_file(asked, SEPA)
    root = fromstring(body)

    def texts(path: str) -> list[str | None]:
        return [each.text for each in root.iterfind(f".//p:{path}", {"p": NAMESPACE})]

    assert texts("GrpHdr/p:MsgId") == ["f" * 32]
    assert texts("NbOfTxs") == ["2", "2"]
    assert texts("CtrlSum") == ["17.34", "17.34"]
    assert texts("PmtMtd") == ["TRF"]
    assert texts("BtchBookg") == ["false"]
    assert texts("ReqdExctnDt/p:Dt") == ["2026-03-05"]
    assert texts("DbtrAcct/p:Id/p:IBAN") == [PAYER["account"]]
    assert texts("DbtrAgt/p:FinInstnId/p:BICFI") == [PAYER["bank_code"]]
    assert texts("PmtId/p:EndToEndId") == [f"{1:032d}", f"{2:032d}"]
    assert texts("Amt/p:InstdAmt") == ["12.34", "5.00"]
    assert texts("Cdtr/p:Nm") == ["张敏", "张敏"]
    assert texts("CdtrAcct/p:Id/p:IBAN") == ["DE02500105170137075030"] * 2
    assert texts("CdtrAgt/p:FinInstnId/p:BICFI") == ["GENODEF1ABC"]
    assert texts("RmtInf/p:Ustrd") == ["Refund 100001", "Refund 100002"]
    # In the order of the schema.
    (payment,) = root.iterfind(".//p:PmtInf", {"p": NAMESPACE})
    names = [each.tag.rpartition("}")[2] for each in payment]
    assert names[:12] == [
        "PmtInfId", "PmtMtd", "BtchBookg", "NbOfTxs", "CtrlSum", "PmtTpInf", "ReqdExctnDt",
        "Dbtr", "DbtrAcct", "DbtrAgt", "ChrgBr", "CdtTrfTxInf",
    ]  # fmt: skip


def test_a_bank_of_china_gets_fixed_widths() -> None:
    profile = TransferProfile.model_validate(CHINA)
    one = transfer(1, bank_account="6222000011113333")
    body = write_transfer_file(file(one, currency="CNY"), profile)
    assert body == (
        b"20260305" + b"000001" + b"000000001234" + b"\r\n" + b"%032d" % 1
        + b"6222000011113333    " + "张敏".encode("gbk") + b"      " + b"000000001234\r\n"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("other", "micro", "why"),
    [
        ({"holder": "x" * 71}, 10_000, "line 1: the name has more than 70"),
        ({}, 10_001, "line 1: 10001 micro-units are no whole number"),
        ({"account_number": "9" * 140}, 10_000, "line 1: the remittance has more than 140"),
    ],
)
def test_what_does_not_fit_is_refused(other: dict[str, str], micro: int, why: str) -> None:
    odd = replace(transfer(1, micro), **other)  # type: ignore[arg-type]
    with pytest.raises(Unwritable, match=why):
        write_transfer_file(file(odd), SEPA)


@pytest.mark.parametrize(
    ("profile", "document"),
    [
        (TransferProfile, CHINA | {"text": text_of("{id}{collect_on}")}),
        (TransferProfile, CHINA | {"text": text_of("{id}{signed_on}")}),
        (TransferProfile, CHINA | {"text": None}),
        (TransferProfile, CHINA | {"kind": "pain.001"}),
        (
            DebitProfile,
            {
                "kind": "text", "currency": "CNY", "creditor": PAYER,
                "text": {"columns": [{"value": "{id}{pay_on}", "width": 9}]},
            },
        ),
    ],
)  # fmt: skip
def test_a_form_has_nothing_of_the_other_kind(profile: Any, document: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        profile.model_validate(document)


ITEM = TransferItem(
    file_id=uuid4(), number=1, refund_id=UUID(int=7), account_id=uuid4(), account_number="1",
    payee=Payee(holder="h", bank_account="DE02500105170137075030"), amount_micro=10_000,
    currency="EUR",
)  # fmt: skip
ROW = TransferFileRow(
    id=uuid4(), key="k", bank="b", currency="EUR", pay_on=date(2026, 3, 5),
    made_at=datetime(2026, 3, 3, tzinfo=UTC), state=FileState.MADE, lines=1, sum_micro=10_000,
)  # fmt: skip
ORDERED, CONFIRMED, REFUSED = ItemState
FS, RS = FileState, RefundState
PAID_TOLD, REFUSED_TOLD, RETURNED_TOLD = AnswerKind


@pytest.mark.parametrize(
    ("kind", "item", "file_state", "refund", "expected"),
    [
        (PAID_TOLD, ORDERED, FS.SENT, RS.IN_TRANSIT, (CONFIRMED, "applied", False)),
        (PAID_TOLD, ORDERED, FS.SENT, RS.PAID, (CONFIRMED, "applied", False)),
        (PAID_TOLD, CONFIRMED, FS.SENT, RS.PAID, (CONFIRMED, "repeated", False)),
        (PAID_TOLD, REFUSED, FS.SENT, RS.IN_TRANSIT, (REFUSED, "otherwise", True)),
        (REFUSED_TOLD, ORDERED, FS.SENT, RS.IN_TRANSIT, (REFUSED, "applied", True)),
        (REFUSED_TOLD, REFUSED, FS.SENT, RS.IN_TRANSIT, (REFUSED, "repeated", False)),
        (REFUSED_TOLD, ORDERED, FS.SENT, RS.PAID, (ORDERED, "otherwise", True)),
        (REFUSED_TOLD, CONFIRMED, FS.SENT, RS.IN_TRANSIT, (CONFIRMED, "otherwise", True)),
        (REFUSED_TOLD, ORDERED, FS.CANCELLED, RS.IN_TRANSIT, (ORDERED, "otherwise", True)),
        (REFUSED_TOLD, ORDERED, FS.MADE, RS.IN_TRANSIT, (REFUSED, "applied", True)),
        (PAID_TOLD, ORDERED, FS.MADE, RS.IN_TRANSIT, (CONFIRMED, "applied", False)),
        (PAID_TOLD, ORDERED, FS.PROPOSED, RS.IN_TRANSIT, (ORDERED, "otherwise", True)),
        (RETURNED_TOLD, CONFIRMED, FS.SENT, RS.PAID, (CONFIRMED, "otherwise", True)),
    ],
)  # fmt: skip
def test_what_follows_from_an_answer(kind, item, file_state, refund, expected) -> None:
    found = follows_of(kind, "AC04", item=replace(ITEM, state=item), file=file_state, refund=refund)
    assert (found.item, found.answer, found.open) == expected
    assert bool(found.reason) is found.open


def test_a_statement_of_the_bank_answers_no_transfer() -> None:
    """What it credits came back, and was not paid."""
    body = (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn>'
        "<Ntfctn><Ntry><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><NtryDtls><TxDtls><Refs>"
        f"<EndToEndId>{ITEM.name}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry></Ntfctn>"
        "</BkToCstmrDbtCdtNtfctn></Document>"
    )
    with pytest.raises(Unreadable, match="a statement of the bank"):
        read_answers(body.encode(), SEPA)


def test_what_the_bank_has_answered_to_it_has_had() -> None:
    assert why_not_cancelled([ITEM], is_asked=False) is None
    answered = [ITEM, replace(ITEM, state=REFUSED)]
    assert why_not_cancelled(answered, is_asked=False) == "the bank has answered to it"
    assert "close that first" in (why_not_cancelled([ITEM], is_asked=True) or "")


REFUSED_OF = Answer(
    id=uuid4(), result_id=uuid4(), bank="b", number=1, kind=REFUSED_TOLD, named="n", code="AC04",
    amount_micro=None, place="line 2", state=AnswerState.OTHERWISE, refund_id=ITEM.refund_id,
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "of_file", "file_state", "refund", "why"),
    [
        (REFUSED_TOLD, None, FS.SENT, RS.IN_TRANSIT, None),
        (REFUSED_TOLD, ROW.id, FS.MADE, RS.IN_TRANSIT, None),
        # The bank may pay the refund by this file, whatever it says of the one before.
        (REFUSED_TOLD, uuid4(), FS.SENT, RS.IN_TRANSIT, "has the refund by now"),
        (PAID_TOLD, None, FS.SENT, RS.IN_TRANSIT, "the bank says that it is paid"),
        (REFUSED_TOLD, None, FS.PROPOSED, RS.IN_TRANSIT, "the bank never had that"),
        (REFUSED_TOLD, None, FS.SENT, RS.PAID, "the refund is paid"),
    ],
)
def test_what_is_closed_as_not_paid(
    kind: AnswerKind, of_file: UUID | None, file_state: FS, refund: RS, why: str | None
) -> None:
    found = why_not_unpaid(
        replace(REFUSED_OF, kind=kind, file_id=of_file),
        file=replace(ROW, state=file_state),
        refund=refund,
    )
    assert (found is None) if why is None else (why in (found or ""))


def test_what_nobody_approved_or_another_file_may_pay_is_given_to_nobody() -> None:
    given = {state for state in FileState if why_not_given(state) is None}
    assert given == {FileState.MADE, FileState.SENT}


@pytest.mark.parametrize(
    ("state", "becomes"), [(RefundState.IN_TRANSIT, [FileState.MADE]), (RefundState.PAID, [])]
)
async def test_nobody_approves_what_would_pay_a_refund_twice(
    state: RefundState, becomes: list[FileState]
) -> None:
    """It went by hand while the file waited for a second person."""
    put: list[FileState] = []

    async def lock_file(_: UUID) -> TransferFileRow:
        return replace(ROW, state=FileState.PROPOSED)

    async def items(_: UUID) -> list[TransferItem]:
        return [ITEM]

    async def refund(refund_id: UUID) -> Any:
        return SimpleNamespace(id=refund_id, state=state)

    async def put_file(file: TransferFileRow) -> None:
        put.append(file.state)

    async def add_step(*_: Any) -> None:
        return None

    unit: Any = SimpleNamespace(
        refunds=SimpleNamespace(refund=refund),
        transfers=SimpleNamespace(
            lock_file=lock_file, items=items, put_file=put_file, add_step=add_step
        ),
    )
    proposal: Any = SimpleNamespace(act=SimpleNamespace(subject=str(ROW.id)))
    approved = Decided(by="wu", reason="r", at=ROW.made_at)
    with nullcontext() if becomes else pytest.raises(FileNotSo, match="is paid by now"):
        await approve_file(unit, proposal, approved=approved)
    assert put == becomes


def test_a_line_names_its_refund() -> None:
    (line,) = file_of(ROW, [ITEM]).transfers
    assert (line.id, line.bank_account) == (ITEM.refund_id.hex, ITEM.payee.bank_account)
