"""Refunds paid by files, on PostgreSQL: a file is made once, no refund is in two, no answer moves
money, and the line of the statement ends each as it ends a transfer made by hand."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest
from ledger_refunds import TWO, Leaving
from ledger_town import ONE_PERSON, Dying, Killed

from prepay_ledger.approvals.decide_proposal import ApproveProposal
from prepay_ledger.approvals.values import ActKind, ApprovalTerms, Proposal
from prepay_ledger.business_days import BusinessDays
from prepay_ledger.debit_files.keep_result import read_upload
from prepay_ledger.debit_files.refusals import KeyUsedBefore
from prepay_ledger.debit_formats.configured import TransferProfile
from prepay_ledger.refunds.refusals import RefundNotSo
from prepay_ledger.refunds.values import Payee, Refund, RefundState
from prepay_ledger.transfer_files.close_answer import CloseAnswer, Closing
from prepay_ledger.transfer_files.keep_result import keep_transfer_result
from prepay_ledger.transfer_files.make_file import Asked, approve_file, make_file
from prepay_ledger.transfer_files.mark_file import cancel_file, send_file
from prepay_ledger.transfer_files.postgres_queries import TransferQueries
from prepay_ledger.transfer_files.refusals import (
    AnswerNotOpen,
    AnswerNotSo,
    FileNotSo,
    NothingToPay,
    PayDayRefused,
    TransferUnwritable,
)
from prepay_ledger.transfer_files.values import Answer, FileState, TransferFileRow
from prepay_ledger.unit import PostgresUnit
from prewatt_common.refusals import NeedsSecondPerson
from prewatt_metering.tariffs.holidays import HolidayCalendar

pytestmark = pytest.mark.stack
PROFILE: dict[str, Any] = {
    "kind": "pain.001",
    "currency": "CNY",
    "payer": {"name": "City Power", "account": "DE02120300000000202051"},
    "results": {
        "id": "id", "code": "code",
        "outcome": {"column": "outcome", "paid": ["ok"], "refused": ["no"]},
    },
}  # fmt: skip
FIVE = 50_000
"""Five fen, in micro-units."""


class Paying(Leaving):
    """It moved out, and its refunds are paid by files."""

    async def move_in(self) -> None:
        await super().move_in()
        self.transfers = TransferQueries(self.database)
        self.profile = TransferProfile.model_validate(PROFILE)
        self.days = BusinessDays(HolidayCalendar())

    async def make(
        self,
        key: str = "f-1",
        *,
        terms: ApprovalTerms = ONE_PERSON,
        without: tuple[UUID, ...] = (),
        later: int = 1,
        open_unit: Any = None,
    ) -> TransferFileRow:
        today = self.at.date()
        pay_on = self.days.after(today, later) if later else today - timedelta(days=1)
        asked = Asked(
            bank="b", pay_on=pay_on, without=without, key=key,
            decided=self.by(),
        )  # fmt: skip
        async with (open_unit or self.unit)() as unit:
            return await make_file(
                unit, asked=asked, profile=self.profile, days=self.days, today=today, terms=terms
            )

    async def send(self, file: TransferFileRow) -> None:
        async with self.unit() as unit:
            await send_file(unit, file_id=file.id, decided=self.by())

    async def cancel_file(self, file: TransferFileRow) -> None:
        async with self.unit() as unit:
            await cancel_file(unit, file_id=file.id, decided=self.by())

    async def state(self, file: TransferFileRow) -> FileState:
        view = await self.transfers.file(file.id)
        assert view is not None
        return view.file.state

    async def answered(self, body: str, *, open_unit: Any = None) -> list[Answer]:
        """What the bank answers is kept; all answers, the oldest first."""
        upload = read_upload(
            body.encode(), key=str(uuid4()), provider="b", profile=self.profile, name="n", who="w"
        )
        async with (open_unit or self.unit)() as unit:
            await keep_transfer_result(unit=unit, upload=upload, now=self.at)
        found = await self.transfers.answers(result_id=None, open_=None, before=None, limit=9)
        return list(found)[::-1]

    async def says(self, refund: Refund, outcome: str, code: str = "") -> Answer:
        """By CSV."""
        line = f"{refund.reference};{outcome};{code};{uuid4()}"
        return (await self.answered(f"id;outcome;code;nonce\n{line}\n".replace(";", ",")))[-1]

    async def rejects(self, file: TransferFileRow, refund: Refund, code: str) -> Answer:
        """By pain.002."""
        return (
            await self.answered(
                '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>'
                f"<GrpHdr><MsgId>{uuid4().hex}</MsgId></GrpHdr><OrgnlGrpInfAndSts>"
                f"<OrgnlMsgId>{file.name}</OrgnlMsgId></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts>"
                f"<TxInfAndSts><OrgnlEndToEndId>{refund.reference}</OrgnlEndToEndId>"
                f"<TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf>"
                "</TxInfAndSts></OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
            )
        )[-1]

    async def close(
        self,
        answer: Answer,
        *,
        not_paid: bool = False,
        terms: ApprovalTerms = ONE_PERSON,
        open_unit: Any = None,
    ) -> Proposal | None:
        asked = Closing(answer_id=answer.id, not_paid=not_paid, decided=self.by())
        async with (open_unit or self.unit)() as unit:
            return await CloseAnswer(terms=terms)(unit, asked=asked)

    async def approves(self, terms: ApprovalTerms, by: str = "wu") -> None:
        """What waits."""
        (proposal,) = await self.sql("SELECT id FROM proposal WHERE kind = 'transfer-not-paid'")
        approve = ApproveProposal[PostgresUnit](
            {ActKind.TRANSFER_NOT_PAID: CloseAnswer(terms=terms).carry_out}
        )
        async with self.unit() as unit:
            await approve(unit, proposal_id=proposal["id"], decided=self.by(by))

    async def in_doubt(self) -> tuple[Refund, TransferFileRow, Answer]:
        """Its first file was cancelled; of the second one the bank says by text that it refuses,
        which leaves open which file it speaks of."""
        refund = await self.order(FIVE)
        await self.cancel_file(await self.make())
        file = await self.make("f-2")
        await self.send(file)
        answer = await self.says(refund, "no", "AC04")
        assert (answer.state, answer.open) == ("otherwise", True)
        return refund, file, answer


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Paying]:
    made = Paying(own_database_url)
    await made.move_in()
    await made.moves_out()
    yield made
    await made.holds()
    await made.database.close()


async def test_a_file_pays_what_waits_once_and_the_statement_ends_it(town: Paying) -> None:
    with pytest.raises(NothingToPay):
        await town.make()
    one, other = await town.order(FIVE, key="a"), await town.order(10_000, key="b")
    with pytest.raises(PayDayRefused):
        await town.make(later=0)
    file, same = await asyncio.gather(town.make(), town.make())
    assert file == same
    assert (file.state, file.lines, file.sum_micro) == (FileState.MADE, 2, 60_000)
    assert await town.make() == file
    with pytest.raises(KeyUsedBefore):
        await town.make(later=2)
    with pytest.raises(NothingToPay):
        await town.make("f-2")
    view, body = await town.transfers.file(file.id), await town.transfers.body(file.id)
    assert view is not None
    assert body is not None
    assert view.sha256 == sha256(body).digest()
    assert all(each.reference.encode() in body for each in (one, other))
    with pytest.raises(RefundNotSo, match="transfer file"):
        await town.cancel(one)
    for _ in range(2):
        await town.send(file)
    assert [(await town.says(one, "ok")).state for _ in range(2)] == ["applied", "repeated"]
    # What the bank has answered to it has had.
    with pytest.raises(FileNotSo, match="has answered"):
        await town.cancel_file(file)
    assert (await town.found(one)).state is RefundState.IN_TRANSIT
    line = await town.went(one)
    assert (line.state, (await town.found(one)).state) == ("refund", RefundState.PAID)
    late = await town.says(one, "no", "AC04")
    assert (late.state, late.open) == ("otherwise", True)


async def test_what_the_bank_refuses_is_a_persons_before_it_is_paid_again(town: Paying) -> None:
    refund = await town.order(FIVE)
    file = await town.make()
    await town.send(file)
    answer = await town.rejects(file, refund, "AC04")
    assert (answer.state, answer.open, answer.code) == ("applied", True, "AC04")
    assert (await town.found(refund)).state is RefundState.IN_TRANSIT
    (item,) = await town.transfers.items(file.id, after=None, limit=9)
    assert (item.state, item.code, item.live) == ("refused", "AC04", False)
    with pytest.raises(NothingToPay):
        await town.make("f-2")
    await town.close(answer)
    with pytest.raises(AnswerNotOpen):
        await town.close(answer)
    again = await town.make("f-2")
    assert again.lines == 1
    # The old file's answer, late and by text that names no file, says nothing of the new one.
    await town.send(again)
    odd = await town.says(refund, "no", "AC01")
    assert (odd.state, odd.open) == ("otherwise", True)
    (item,) = await town.transfers.items(again.id, after=None, limit=9)
    assert item.state == "ordered"
    with pytest.raises(FileNotSo, match="close that first"):
        await town.cancel_file(again)
    assert (await town.rejects(file, refund, "AC04")).state == "repeated"
    # Refused once more: a person cancels the refund, and its account has the money again.
    assert (await town.rejects(again, refund, "AC04")).state == "applied"
    _, before = await town.account()
    await town.cancel(refund)
    assert (await town.account())[1] == before + FIVE


async def test_a_file_that_the_bank_never_had_frees_its_refunds(town: Paying) -> None:
    refund = await town.order(FIVE)
    file = await town.make()
    for _ in range(2):
        await town.cancel_file(file)
    with pytest.raises(FileNotSo, match="cancelled"):
        await town.send(file)
    again = await town.make("f-2")
    assert (again.lines, again.id != file.id) == (1, True)
    await town.cancel_file(again)
    assert (await town.cancel(refund)).state is RefundState.CANCELLED
    with pytest.raises(NothingToPay):
        await town.make("f-3")


async def test_much_takes_two_people(town: Paying) -> None:
    await town.order(FIVE)
    file = await town.make(terms=TWO)
    assert file.state is FileState.PROPOSED
    with pytest.raises(FileNotSo, match="proposed"):
        await town.send(file)
    (proposal,) = await town.sql("SELECT id FROM proposal WHERE kind = 'transfer-file'")
    approve = ApproveProposal[PostgresUnit]({ActKind.TRANSFER_FILE: approve_file})

    async def approved(by: str) -> None:
        async with town.unit() as unit:
            await approve(unit, proposal_id=proposal["id"], decided=town.by(by))

    with pytest.raises(NeedsSecondPerson):
        await approved("li")
    await approved("wu")
    assert await town.state(file) is FileState.MADE
    await town.send(file)
    view = await town.transfers.file(file.id)
    assert view is not None
    assert [each.action for each in view.steps] == ["make", "approve", "send"]


async def test_an_answer_that_names_no_file_is_closed_as_not_paid(town: Paying) -> None:
    refund, file, answer = await town.in_doubt()
    for inside in (False, True):
        with pytest.raises(Killed):
            await town.close(answer, not_paid=True, open_unit=Dying(town, after=0, inside=inside))
        with pytest.raises(RefundNotSo, match="transfer file"):
            await town.cancel(refund)
    assert await town.close(answer, not_paid=True) is None
    (item,) = await town.transfers.items(file.id, after=None, limit=9)
    assert (item.state, item.code, item.live) == ("refused", "AC04", False)
    (row,) = await town.sql(
        "SELECT state, open, closed_by FROM transfer_answer WHERE id = $1", answer.id
    )
    assert tuple(row) == ("applied", False, "li")
    with pytest.raises(AnswerNotOpen):
        await town.close(answer, not_paid=True)
    assert (await town.make("f-3")).lines == 1


async def test_what_is_much_and_not_paid_takes_two_people(town: Paying) -> None:
    refund, file, answer = await town.in_doubt()
    for _ in range(2):
        assert isinstance(await town.close(answer, not_paid=True, terms=TWO), Proposal)
    with pytest.raises(NeedsSecondPerson):
        await town.approves(TWO, by="li")
    (item,) = await town.transfers.items(file.id, after=None, limit=9)
    assert (item.state, item.live) == ("ordered", True)
    await town.approves(TWO)
    assert (await town.cancel(refund)).state is RefundState.CANCELLED


async def test_only_a_refusal_of_what_a_bank_may_have_is_closed_as_not_paid(town: Paying) -> None:
    refund, file, answer = await town.in_doubt()
    assert isinstance(await town.close(answer, not_paid=True, terms=TWO), Proposal)
    paid = await town.says(refund, "ok")
    assert paid.open
    with pytest.raises(AnswerNotSo, match="paid"):
        await town.close(paid, not_paid=True)
    # The bank's own answer came first, and another file has it by now.
    await town.rejects(file, refund, "AC04")
    with pytest.raises(AnswerNotSo, match="no file"):
        await town.approves(TWO)


async def test_an_answer_to_the_file_before_says_nothing_of_the_next_one(town: Paying) -> None:
    """Else the next one pays what is free again, and a third one too."""
    refund = await town.order(FIVE)
    first = await town.make()
    await town.cancel_file(first)
    second = await town.make("f-2")
    await town.send(second)
    answer = await town.rejects(first, refund, "AC04")
    assert (answer.state, answer.open, answer.file_id) == ("otherwise", True, first.id)
    with pytest.raises(AnswerNotSo, match="has the refund by now"):
        await town.close(answer, not_paid=True)
    (item,) = await town.transfers.items(second.id, after=None, limit=9)
    assert (item.state, item.live) == ("ordered", True)
    await town.close(answer)
    with pytest.raises(RefundNotSo, match="transfer file"):
        await town.cancel(refund)


async def test_what_does_not_fit_is_named_and_can_be_left_out(town: Paying) -> None:
    odd = await town.order(FIVE, to=Payee(holder="x" * 71, bank_account="DE02120300000000202051"))
    with pytest.raises(TransferUnwritable, match=f"refund {odd.id}: line 1: the name"):
        await town.make()
    await town.order(10_000, key="b")
    assert (await town.make(without=(odd.id,))).lines == 1


async def test_what_was_cancelled_or_paid_while_the_file_was_written_is_left_out(
    town: Paying,
) -> None:
    one, other = await town.order(FIVE, key="a"), await town.order(10_000, key="b")
    async with town.unit() as unit:
        found = await unit.transfers.to_pay("CNY", without=(), limit=9)
    assert {each.refund_id for each in found} == {one.id, other.id}

    async def as_it_was(*_: Any, **__: Any) -> Any:
        return found

    @asynccontextmanager
    async def late() -> AsyncGenerator[PostgresUnit]:
        async with town.unit() as unit:
            unit.transfers.to_pay = as_it_was
            yield unit

    await town.cancel(one)
    file = await town.make(open_unit=late)
    body = await town.transfers.body(file.id)
    assert body is not None
    assert (file.lines, file.sum_micro, one.reference.encode() in body) == (1, 10_000, False)
    # Both are paid by a file, or cancelled, by now.
    with pytest.raises(NothingToPay):
        await town.make("f-2", open_unit=late)


@pytest.mark.parametrize("inside", [False, True])
async def test_killed_before_it_is_made_or_before_it_is_marked_it_is_made_once(
    town: Paying, inside: bool
) -> None:
    refund = await town.order(FIVE)
    with pytest.raises(Killed):
        await town.make(open_unit=Dying(town, after=0, inside=inside))
    assert await town.transfers.files(bank=None, before=None, limit=9) == []
    file = await town.make()
    body = await town.transfers.body(file.id)
    # Whoever died after it was made, and before anybody marked it, finds the same bytes.
    assert (await town.make()).id == file.id
    assert await town.transfers.body(file.id) == body
    await town.send(file)
    with pytest.raises(Killed):
        await town.answered(
            f"id,outcome,code\n{refund.reference},no,AC04\n",
            open_unit=Dying(town, after=0, inside=inside),
        )
    assert await town.transfers.answers(result_id=None, open_=None, before=None, limit=9) == []
    assert (await town.says(refund, "no", "AC04")).state == "applied"
