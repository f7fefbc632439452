"""In which order rows are locked as a line of the bank is said to be a deposit's money."""

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from prepay_ledger.bank.settle_deposit import SettleDeposit


class Enough(Exception):
    """What was to be seen was seen."""


async def test_a_payment_in_suspense_is_locked_before_the_account() -> None:
    """Whoever places it does so too: the other way round both would wait for each other."""
    locked: list[str] = []
    line = SimpleNamespace(payment=uuid4(), provider="bank/A", payment_id="p")

    async def bank_line(_: Any) -> Any:
        locked.append("line")
        return line

    async def payment(**_: Any) -> None:
        locked.append("payment")

    async def deposit(_: Any) -> Any:
        return SimpleNamespace(account_id=uuid4())

    async def account(_: Any) -> None:
        locked.append("account")
        raise Enough

    unit: Any = SimpleNamespace(
        bank=SimpleNamespace(lock=bank_line),
        payments=SimpleNamespace(lock_by_payment_id=payment),
        deposits=SimpleNamespace(deposit=deposit),
        balances=SimpleNamespace(lock=account),
    )
    nobody: Any = None
    settle = SettleDeposit(
        receive_deposit=nobody, receive_refund=nobody, receive_debit=nobody, receive_payout=nobody
    )
    with pytest.raises(Enough):
        await settle(unit, deposit_id=uuid4(), line_id=uuid4(), decided=nobody)
    assert locked == ["line", "payment", "account"]
