"""Money of deposits and the bank's lines, on PostgreSQL: in whatever order both come, it is booked
once, and what is on no line is seen."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from ledger_refunds import Leaving, leaving_town, review
from ledger_town import ONE_PERSON, REVIEW, Dying, Killed
from test_ledger_payouts_stack import OURS

from prepay_ledger.bank.receive_deposit import ReceiveDeposit
from prepay_ledger.bank.receive_refund import ReceiveRefund
from prepay_ledger.bank.refusals import NotTakeable
from prepay_ledger.bank.settle_deposit import SettleDeposit
from prepay_ledger.bank.settle_line import SettleLine
from prepay_ledger.bank.values import BankLine, LineState, StepAction
from prepay_ledger.deposits.draw_deposit import draw_deposit, receive_called
from prepay_ledger.deposits.hold_deposit import hold_deposit
from prepay_ledger.deposits.postgres_queries import DepositQueries
from prepay_ledger.deposits.refusals import DepositRefused
from prepay_ledger.deposits.release_deposit import release_deposit
from prepay_ledger.deposits.values import Deposit, DepositKind, Place, Step, Terms
from prepay_ledger.payments.credit import Decided

pytestmark = pytest.mark.stack

town = pytest.fixture(leaving_town)
PAPER = "BG-2026/0817"


async def held(town: Leaving, micro: int = 500) -> Deposit:
    await town.holds_deposit(micro)
    (found,) = await listed(town)
    return found


async def listed(town: Leaving, **asked: Any) -> list[Deposit]:
    asked = {"account_id": None, "open_": None, "ends_before": None, "without_line": None} | asked
    found = await DepositQueries(town.database).deposits(before=None, limit=9, **asked)
    return list(found)


async def late(town: Leaving) -> int:
    return await DepositQueries(town.database).without_line(before=town.at + timedelta(days=1))


async def booked(town: Leaving) -> tuple[int, int, int]:
    """What no line is of, what the bank holds by its lines, what is in suspense."""
    posted = await town.posted()
    before, of_lines, suspense = (
        posted.get(name, 0) for name in ("bank", f"clearing:bank/{OURS}", "suspense")
    )
    return -before, -of_lines, suspense


async def match(town: Leaving, deposit: Deposit, line: BankLine, open_unit: Any = None) -> Step:
    settle = SettleDeposit(
        receive_deposit=ReceiveDeposit(), receive_refund=ReceiveRefund(review=REVIEW),
        receive_debit=town.receive_debit, receive_payout=town.receive,
    )  # fmt: skip
    async with (open_unit or town.unit)() as unit:
        return await settle(unit, deposit_id=deposit.id, line_id=line.id, decided=town.by())


async def state_of(town: Leaving, line_id: UUID) -> LineState:
    found = await town.bank_queries.line(line_id)
    assert found is not None
    return found.state


async def test_a_line_that_names_what_is_held_is_it_and_once(town: Leaving) -> None:
    deposit = await held(town)
    assert (await booked(town), await late(town)) == ((500, 0, 0), 1)
    assert await listed(town, without_line=True) == [deposit]
    (line,) = await town.statement(town.line(500, f"security {deposit.id}", ref="D1"))
    assert (line.state, line.reason) == (LineState.DEPOSIT, f"deposit {deposit.id}")
    assert (await booked(town), await late(town)) == ((0, 500, 0), 0)
    assert await listed(town, without_line=True) == []
    (step,) = await DepositQueries(town.database).steps(deposit.id, before=None, limit=9)
    assert step.bank_line == line.id
    # Another booking that names it is nobody's before a person has looked.
    (other,) = await town.statement(town.line(500, f"security {deposit.id.hex}", ref="D2"))
    assert (other.state, other.open) == (LineState.DOUBTFUL, True)
    with pytest.raises(NotTakeable, match=f"it names deposit {deposit.id}"):
        async with town.unit() as unit:
            await SettleLine(take_line=town.take_line, terms=ONE_PERSON)(
                unit, line_id=other.id, action=StepAction.TAKE, decided=Decided("li", "r"),
                now=town.at,
            )  # fmt: skip
    assert await booked(town) == (0, 500, 0)


async def test_a_line_before_it_is_held_leaves_suspense_by_a_person(town: Leaving) -> None:
    (line,) = await town.statement(town.line(500, "security deposit"))
    assert (line.state, await booked(town)) == (LineState.SUSPENSE, (0, 500, 500))
    deposit = await held(town)
    (less,) = await town.statement(town.line(499, "another"))
    with pytest.raises(DepositRefused, match="nothing of 499 micro-units"):
        await match(town, deposit, less)
    with pytest.raises(Killed):
        await match(town, deposit, line, Dying(town, after=0, inside=True))
    assert await booked(town) == (500, 999, 999)
    step = await match(town, deposit, line)
    assert step.bank_line == line.id
    assert await match(town, deposit, line) == step
    assert await booked(town) == (0, 999, 499)
    assert await state_of(town, line.id) is LineState.DEPOSIT


async def test_what_goes_back_is_the_debit_that_names_it(town: Leaving) -> None:
    deposit = await held(town)
    await town.statement(town.line(500, deposit.id.hex))
    async with town.unit() as unit:
        await release_deposit(
            unit=unit, review=review, deposit_id=deposit.id, amount_micro=200, place=Place.BANK,
            key="r-1", decided=town.by(), approvals=ONE_PERSON,
        )  # fmt: skip
    assert await booked(town) == (-200, 500, 0)
    (wrong, line) = await town.statement(
        town.line(201, deposit.id.hex, sign="DBIT", ref="R1"),
        town.line(200, deposit.id.hex, sign="DBIT", ref="R2"),
    )
    assert (wrong.state, line.state) == (LineState.DOUBTFUL, LineState.DEPOSIT)
    assert (await booked(town), await late(town)) == ((0, 300, 0), 0)


async def test_what_an_issuer_wires_is_known_by_its_paper(town: Leaving) -> None:
    account_id, _ = await town.account()
    async with town.unit() as unit:
        deposit = await hold_deposit(
            unit=unit, review=review, account_id=account_id, place=None, key="g-1",
            terms=Terms(
                kind=DepositKind.GUARANTEE, amount_micro=900, currency="CNY", issuer="First Bank",
                reference=PAPER, valid_from=town.today,
                valid_until=town.today + timedelta(days=300),
            ),
            today=town.today, decided=town.by(), approvals=ONE_PERSON,
        )  # fmt: skip
    assert isinstance(deposit, Deposit)
    assert await late(town) == 0, "a paper is no money"
    debt_id = await town.owes(300)
    async with town.unit() as unit:
        await draw_deposit(
            unit=unit, review=review, deposit_id=deposit.id, amount_micro=300, debt_id=debt_id,
            key="g-2", today=town.today, decided=town.by(), approvals=ONE_PERSON,
        )  # fmt: skip
        await receive_called(
            unit=unit, deposit_id=deposit.id, amount_micro=300, key="g-3", decided=town.by()
        )
    assert (await booked(town), await late(town)) == ((300, 0, 0), 1)
    (line,) = await town.statement(town.line(300, f"your claim under {PAPER.lower()}"))
    assert line.state is LineState.DEPOSIT
    assert (await booked(town), await late(town)) == ((0, 300, 0), 0)
    # Nothing waits for it any more: what names the paper is looked at as any money is.
    (more,) = await town.statement(town.line(301, f"claim {PAPER}"))
    assert more.state is LineState.SUSPENSE
