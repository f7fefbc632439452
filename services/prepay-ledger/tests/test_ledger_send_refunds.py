"""What follows from a provider's answer about a refund, or from none, without its database."""

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from ledger_giving import REQUEST

from prepay_ledger.mandates.send_requests import SendRequests
from prepay_ledger.payments.take_movement import MovementResult
from prepay_ledger.refund_requests.send_refunds import SendRefunds
from prepay_ledger.refunders.values import given_back
from prepay_ledger.refunds.values import Back, BackState

NOW = datetime(2026, 3, 1, tzinfo=UTC)
BACK = Back(
    refund_id=REQUEST.id, payment=UUID(int=1), provider="p", payment_id="p-0", paid_micro=9,
    state=BackState.REQUESTED, code="", movement_id="", sends=0, send_at=NOW, answer_by=None,
)  # fmt: skip


@asynccontextmanager
async def nothing():
    yield


@pytest.mark.parametrize(("excess_micro", "is_loud"), [(0, False), (7, True)])
async def test_what_an_answer_tells_beyond_what_was_paid_is_loud(
    caplog: pytest.LogCaptureFixture, excess_micro: int, is_loud: bool
) -> None:
    """Its event is a repetition then, and is on nobody's list."""

    async def takes(*_: Any, **__: Any) -> MovementResult:
        return MovementResult(None, repeated=False, excess_micro=excess_micro)

    async def of_refund(_: UUID) -> Back:
        return BACK

    async def to_ask(*_: Any, **__: Any) -> list[UUID]:
        return [BACK.refund_id]

    async def none(*_: Any, **__: Any) -> list[UUID]:
        return []

    async def some(*_: Any, **__: Any) -> Any:
        return SimpleNamespace(
            id=REQUEST.id, account_id=UUID(int=2), number="1", amount_micro=9, currency="CNY"
        )

    @asynccontextmanager
    async def open_unit():
        yield SimpleNamespace(
            savepoint=nothing,
            backs=SimpleNamespace(of_refund=of_refund, put=none, to_ask=to_ask, overdue=none),
            refunds=SimpleNamespace(refund=some),
            balances=SimpleNamespace(account=some, lock=none),
        )

    async def ask(_: Any) -> Any:
        return given_back(replace(REQUEST, payment_id="p-0"), "re_1")

    refunder: Any = SimpleNamespace(ask=ask, looks=False)
    takes_it: Any = takes
    opens: Any = open_unit
    await SendRefunds[Any](
        open_unit=opens, refunders={"p": refunder}, take_movement=takes_it, review=none,
        clock=lambda: NOW, committed=lambda: None,
    )()  # fmt: skip
    assert ("7 micro-units more than was paid" in caplog.text) is is_loud


ODD, SOUND = UUID(int=7), [UUID(int=each) for each in (5, 6, 8, 9)]
OVERDUE = [*SOUND[:2], ODD, *SOUND[2:]]


async def test_one_that_cannot_be_given_up_keeps_no_other_from_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    given_up: set[UUID] = set()

    async def overdue(**_: Any) -> list[UUID]:
        return OVERDUE

    async def of_refund(refund_id: UUID) -> Back:
        if refund_id == ODD:
            message = "its state is no state"
            raise ValueError(message)
        return replace(BACK, refund_id=refund_id, state=BackState.SENDING, answer_by=NOW)

    async def put(back: Back) -> None:
        assert back.state is BackState.UNANSWERED
        assert back.send_at is not None, "it is looked up"
        given_up.add(back.refund_id)

    async def none(*_: Any, **__: Any) -> list[UUID]:
        return []

    async def some(*_: Any) -> Any:
        return SimpleNamespace(account_id=UUID(int=2))

    @asynccontextmanager
    async def open_unit():
        yield SimpleNamespace(
            backs=SimpleNamespace(overdue=overdue, of_refund=of_refund, put=put, to_ask=none),
            refunds=SimpleNamespace(refund=some),
            balances=SimpleNamespace(lock=some),
        )

    opens: Any = open_unit
    nobody: Any = None
    refunder: Any = SimpleNamespace(looks=True)
    await SendRefunds[Any](
        open_unit=opens, refunders={"p": refunder}, take_movement=nobody, review=nobody,
        clock=lambda: NOW, committed=lambda: None,
    )()  # fmt: skip
    assert given_up == {*SOUND}
    assert f"refund {ODD}" in caplog.text


async def test_nor_does_a_collection(caplog: pytest.LogCaptureFixture) -> None:
    given_up: set[UUID] = set()

    async def overdue(**_: Any) -> list[UUID]:
        return OVERDUE

    async def give_up_waiting(_: Any, request_id: UUID, **__: Any) -> None:
        if request_id == ODD:
            message = "its state is no state"
            raise ValueError(message)
        given_up.add(request_id)

    @asynccontextmanager
    async def open_unit():
        yield SimpleNamespace(mandates=SimpleNamespace(overdue=overdue))

    opens: Any = open_unit
    settle: Any = SimpleNamespace(give_up_waiting=give_up_waiting)
    nobody: Any = None
    await SendRequests(
        open_unit=opens, requesters={}, settle=settle, zone=nobody, policy=nobody,
        clock=lambda: NOW, committed=lambda: None,
    )()  # fmt: skip
    assert given_up == {*SOUND}
    assert f"top-up request {ODD}" in caplog.text
