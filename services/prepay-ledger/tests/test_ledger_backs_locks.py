"""In which order rows are locked as another amount is taken for a refund."""

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from prepay_ledger.refund_requests.accept_given import AcceptGiven, Asked


class Enough(Exception):
    """What was to be seen was seen."""


async def test_a_payment_is_locked_as_its_events_lock_it_and_before_the_account() -> None:
    """Its row alone is not enough: an event locks its name first, and both would wait for each
    other."""
    locked: list[str] = []
    back = SimpleNamespace(payment=uuid4(), provider="p", payment_id="p-0")

    async def of_refund(_: Any) -> Any:
        return back

    async def row(_: Any) -> None:
        locked.append("row")

    async def payment(**named: str) -> None:
        locked.append("/".join(named.values()))

    async def refund(_: Any) -> Any:
        return SimpleNamespace(account_id=uuid4())

    async def account(_: Any) -> None:
        locked.append("account")
        raise Enough

    unit: Any = SimpleNamespace(
        backs=SimpleNamespace(of_refund=of_refund, lock_payment=row),
        payments=SimpleNamespace(lock_by_payment_id=payment),
        refunds=SimpleNamespace(refund=refund),
        balances=SimpleNamespace(lock=account),
    )
    nobody: Any = None
    accept = AcceptGiven(take_movement=nobody, term=nobody)
    with pytest.raises(Enough):
        await accept(unit, asked=Asked(refund_id=uuid4(), key="g-1", decided=nobody))
    assert locked == ["p/p-0", "account"]
