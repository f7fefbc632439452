"""Batch debits on PostgreSQL: a file is made once, each answer counts once in whatever order it
comes, and money is credited once, whether the bank's answer or its statement tells of it."""

from collections.abc import AsyncGenerator
from datetime import date, timedelta
from hashlib import sha256
from itertools import permutations

import pytest
from ledger_bank import details, entry
from ledger_debits import PROFILE, Debits
from ledger_scratch import Scratch
from ledger_town import Dying, Killed

from prepay_ledger.debit_files.refusals import FileNotSo, FileOpen, KeyUsedBefore
from prepay_ledger.debit_files.values import FileState, StepAction
from prepay_ledger.debit_formats.configured import DebitProfile
from prepay_ledger.mandates.values import MandateState, Waits

pytestmark = pytest.mark.stack


@pytest.fixture
async def debits(own_database_url: str) -> AsyncGenerator[Debits]:
    scratch = Scratch(own_database_url)
    made = Debits(scratch)
    await made.begin()
    yield made
    await scratch.database.close()


async def test_what_is_due_is_collected_answered_and_credited_once(debits: Debits) -> None:
    mandate = await debits.due()
    file = await debits.made()
    assert (file.state, file.lines, file.sum_micro) == (FileState.MADE, 1, 100_000_000)
    view = await debits.queries.file(file.id)
    body = await debits.queries.body(file.id)
    assert view is not None
    assert body is not None
    assert view.sha256 == sha256(body).digest()
    assert (await debits.newest()).id.hex.encode() in body
    assert await debits.states() == ["sending"]
    await debits.mark(file, StepAction.SEND)
    await debits.mark(file, StepAction.SEND)
    with pytest.raises(FileNotSo):
        await debits.mark(file, StepAction.CANCEL)
    await debits.gather()
    request = await debits.newest()
    # Ten business days after Monday the 16th.
    assert (request.state, request.answer_by) == ("accepted", debits.now + timedelta(days=15))
    for _ in range(2):  # in two answers
        await debits.told("ok", amount="100")
    assert await debits.balance() == 110
    assert await debits.states() == ["paid"]
    assert [each.state for each in await debits.kept_answers()] == ["applied", "repeated"]
    # The bank's statement brings the same money, and tells of it twice.
    line = entry("100", ref="R1", tx=[details(e2e=request.id.hex)], ccy="CNY")
    (seen,) = await debits.statement(line)
    (again,) = await debits.statement(line)
    assert (seen.state, again.state) == ("collected", "repeated")
    assert await debits.balance() == 110
    assert await debits.posted() == {f"bank/{seen.account}": 100}
    assert (await debits.mandate(mandate)).failures == 0


async def test_the_statement_may_come_first_and_the_sum_of_a_file_as_one_line(
    debits: Debits,
) -> None:
    await debits.due()
    await debits.sent()
    name = (await debits.newest()).id.hex
    (line,) = await debits.statement(entry("100", ref="R1", tx=[details(e2e=name)], ccy="CNY"))
    assert (line.state, await debits.balance(), await debits.states()) == (
        "collected", 110, ["paid"],
    )  # fmt: skip
    await debits.told("ok")
    assert await debits.balance() == 110
    await debits.move(-100)
    await debits.ask()
    file = await debits.sent()
    (whole,) = await debits.statement(entry("100", ref="R2", batch=2, ccy="CNY"))
    (named,) = await debits.statement(
        entry("100", ref="R3", tx=[details(text=f"DD {file.name}")], ccy="CNY")
    )
    assert (whole.state, named.state) == ("collected", "suspense")
    assert (await debits.file(file.id)).bank_line == whole.id
    name = (await debits.newest()).id.hex
    detail = entry("100", ref="R4", tx=[details(e2e=name)], ccy="CNY")
    (one,) = await debits.statement(detail)
    assert (one.state, one.refers_to) == ("detailed", whole.id)
    await debits.told("ok")
    assert await debits.posted() == {f"bank/{whole.account}": 300}
    assert await debits.balance() == 110


@pytest.mark.parametrize(
    ("code", "state", "retry_on"),
    [
        ("AM04", "active", date(2026, 3, 18)),
        ("余额不足", "active", date(2026, 3, 18)),  # the bank's own word
        ("AC04", "suspended", None),
        ("MD01", "suspended", None),
        ("XX99", "active", date(2026, 4, 1)),
    ],
)
async def test_a_refusal_decides_what_follows(
    debits: Debits, code: str, state: str, retry_on: date | None
) -> None:
    mandate = await debits.due()
    await debits.sent()
    for _ in range(2):
        await debits.told("no", code)
    after = await debits.mandate(mandate)
    assert (after.state, after.failures) == (state, 1)
    assert [each.open for each in await debits.kept_answers()] == [code == "XX99", False]
    assert (await debits.states(), await debits.balance()) == (["failed"], 10)
    await debits.ask()
    after = await debits.mandate(mandate)
    if retry_on is None:
        assert await debits.states() == ["failed"]
        return
    # Not on the same day; on that day anew, in another file.
    assert (after.retry_on, after.waits) == (retry_on, Waits.LATER_DAY)
    file = await debits.made()
    assert (file.state, file.lines) == (FileState.CANCELLED, 0)
    debits.now += timedelta(days=(retry_on - debits.now.date()).days)
    await debits.ask()
    assert await debits.states() == ["failed", "requested"]


@pytest.mark.parametrize("order", list(permutations(["ok", "back", "back"], 3)), ids="-".join)
async def test_what_went_back_is_taken_back_once_in_whatever_order(
    debits: Debits, order: tuple[str, ...]
) -> None:
    mandate = await debits.due()
    await debits.sent()
    for each in order:
        await debits.told(each, "MD06" if each == "back" else "")
    assert (await debits.balance(), await debits.states()) == (10, ["failed"])
    assert (await debits.mandate(mandate)).state is MandateState.SUSPENDED
    assert await debits.posted() == {}


async def test_the_banks_statement_takes_back_too(debits: Debits) -> None:
    await debits.due()
    await debits.sent()
    name = (await debits.newest()).id.hex
    await debits.told("ok")
    returned = details(e2e=name, more="<RtrInf><Rsn><Cd>AM04</Cd></Rsn></RtrInf>")
    lines = await debits.statement(
        entry("100", ref="R1", tx=[details(e2e=name)], ccy="CNY"),
        entry("100", ref="R2", sign="DBIT", tx=[returned], ccy="CNY"),
    )
    assert [each.state for each in lines] == ["collected", "collected"]
    await debits.told("back", "AM04")
    assert (await debits.balance(), await debits.posted()) == (10, {})


async def test_a_whole_file_is_refused_by_one_word(debits: Debits) -> None:
    await debits.due()
    file = await debits.sent()
    body = (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>'
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{file.name}</OrgnlMsgId><GrpSts>RJCT</GrpSts>"
        "<StsRsnInf><Rsn><Cd>TM01</Cd></Rsn></StsRsnInf></OrgnlGrpInfAndSts></CstmrPmtStsRpt>"
        "</Document>"
    ).encode()
    first, second = await debits.answers(body), await debits.answers(body)
    assert (first.repeated, second.repeated) == (False, True)
    request = await debits.newest()
    assert (request.state, request.code) == ("failed", "TM01")


async def test_what_nobody_knows_or_is_of_another_amount_is_a_persons(debits: Debits) -> None:
    await debits.due()
    await debits.sent()
    await debits.told("ok", amount="99")
    await debits.answers(b"id;outcome;code;amount\n4711;ok;;1\n")
    answers = await debits.kept_answers()
    assert [(each.state, each.open) for each in answers] == [
        ("other-amount", True), ("unknown", True),
    ]  # fmt: skip
    assert (await debits.balance(), await debits.states()) == (10, ["accepted"])
    async with debits.scratch.unit() as unit:
        for closed in (True, False):
            done = await unit.debit_files.close_answer(answers[0].id, who="li", reason="r")
            assert done is closed


async def test_a_cancelled_file_is_asked_for_anew(debits: Debits) -> None:
    await debits.due()
    file = await debits.made()
    await debits.mark(file, StepAction.CANCEL)
    await debits.gather()
    await debits.ask()
    assert await debits.states() == ["withdrawn", "requested"]
    again = await debits.made()
    assert (again.lines, again.id != file.id) == (1, True)


async def test_a_file_is_begun_once_and_has_what_is_due_and_whose_debtor_is_known(
    debits: Debits,
) -> None:
    mandate = await debits.open()
    await debits.move(-40)
    await debits.ask()
    first = await debits.begin_file("k")
    assert (await debits.begin_file("k")).id == first.id
    with pytest.raises(FileOpen):
        await debits.begin_file("other")
    await debits.gather()
    assert (await debits.file(first.id)).state is FileState.CANCELLED  # of nobody
    assert await debits.states() == ["requested"]
    await debits.debtor(mandate)
    second = await debits.begin_file("other")
    await debits.move(100)  # paid at a till meanwhile
    await debits.gather()
    assert (await debits.file(second.id)).state is FileState.CANCELLED
    assert await debits.states() == ["withdrawn"]
    debits.now += timedelta(days=1)
    with pytest.raises(KeyUsedBefore):
        await debits.begin_file("k")


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("after", range(4))
async def test_killed_between_any_two_steps_a_file_is_made_once(
    debits: Debits, after: int, inside: bool
) -> None:
    await debits.due()
    file = await debits.begin_file()
    dying = debits.gathering(Dying(debits.scratch, after=after, inside=inside))
    with pytest.raises(Killed):
        for _ in range(9):
            await dying()
    seen = await debits.queries.body(file.id)
    await debits.gather()
    body = await debits.queries.body(file.id)
    assert body is not None
    assert seen in {None, body}
    assert (await debits.file(file.id)).lines == body.count(b"<DrctDbtTxInf>") == 1
    assert await debits.states() == ["sending"]
    await debits.mark(file, StepAction.SEND)
    with pytest.raises(Killed):
        await debits.gathering(Dying(debits.scratch, after=after % 2, inside=inside))()
    await debits.gather()
    assert await debits.states() == ["accepted"]


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("after", [0, 1])
async def test_killed_as_an_answer_is_applied_it_counts_once(
    debits: Debits, after: int, inside: bool
) -> None:
    await debits.due()
    await debits.sent()
    name = (await debits.newest()).id.hex
    with pytest.raises(Killed):
        await debits.answers(
            f"id;outcome;code;amount\n{name};ok;;100\n".encode(),
            open_unit=Dying(debits.scratch, after=after, inside=inside),
        )
    await debits.apply_answers()
    assert (await debits.balance(), await debits.states()) == (110, ["paid"])
    assert [each.state for each in await debits.kept_answers()] == ["applied"]


async def test_a_file_that_cannot_be_written_is_told_and_tried_at_leisure(
    debits: Debits, caplog: pytest.LogCaptureFixture
) -> None:
    await debits.due()
    file = await debits.begin_file()
    narrow = {"columns": [{"value": "{id}{holder}", "width": 1}]}
    debits.profiles["demo"] = DebitProfile.model_validate(
        PROFILE | {"kind": "text", "text": narrow}
    )
    gathering = debits.gathering()
    assert await gathering() == 0.0  # it is put in
    assert await gathering() is None
    name = (await debits.newest()).id.hex
    assert "line 1: the column '{id}{holder}' is longer than 1 bytes" in caplog.text
    assert name not in caplog.text
    assert "张敏" not in caplog.text
    assert (await debits.file(file.id)).state is FileState.COLLECTING
    # It does not keep the bank from collecting for ever.
    with pytest.raises(FileOpen, match="or cancel it"):
        await debits.begin_file()
    with pytest.raises(FileNotSo):
        await debits.mark(file, StepAction.SEND)
    for _ in range(2):
        await debits.mark(file, StepAction.CANCEL)
    debits.profiles["demo"] = DebitProfile.model_validate(PROFILE)
    await debits.gather()
    assert await debits.states() == ["withdrawn"]
    await debits.ask()
    again = await debits.made()
    assert (again.state, again.lines) == (FileState.MADE, 1)
    assert (await debits.file(file.id)).state is FileState.CANCELLED
    assert await debits.states() == ["withdrawn", "sending"]
