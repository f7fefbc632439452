"""On the real PostgreSQL: balances against what was given and charged, in whatever order told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.balances.postgres import PostgresDifferences
from billing.balances.values import PATIENCE
from prewatt_common.clock import utc_now
from prewatt_common.contracts.base import Event
from prewatt_common.contracts.ledger_charges_v1 import ChargesPosted, PostedBalance, PostedCharge
from prewatt_common.contracts.ledger_events_v1 import (
    AccountOpened,
    Credited,
    PaymentTakenBack,
    ToppedUp,
)

pytestmark = pytest.mark.stack

AT = datetime(2026, 3, 4, tzinfo=utc_now().tzinfo)
FIRST, END = date(2026, 3, 1), date(2026, 4, 1)
SETTLE = timedelta(seconds=30)


@dataclass
class Life:
    """An account at the ledger, and what it tells."""

    account_id: UUID = field(default_factory=uuid4)
    agreement_id: UUID = field(default_factory=uuid4)
    balance_micro: int = 0
    number: int = 0
    version: int = 0
    total_micro: int = 0
    told: list[Event] = field(default_factory=list)

    def opened(self, micro: int) -> None:
        self._move(micro)
        self.told.append(
            AccountOpened(
                account_id=self.account_id,
                number=str(self.account_id),
                currency="CNY",
                opened_at=AT,
                balance_micro=self.balance_micro,
                balance_number=self.number,
            )
        )

    def paid(self, micro: int, *, moves: int | None = None) -> None:
        """``moves``: what the balance is moved by instead."""
        self._move(micro if moves is None else moves)
        self.told.append(
            ToppedUp(
                account_id=self.account_id,
                payment_id=str(uuid4()),
                provider="p",
                amount_micro=micro,
                balance_micro=self.balance_micro,
                balance_number=self.number,
                currency="CNY",
                at=AT,
            )
        )

    def taken(self, micro: int) -> None:
        """By an adjustment, or to another account."""
        self.credited(-micro, kind="transfer")

    def credited(self, micro: int, *, kind: str = "sla_credit") -> None:
        """Given, and paid by nobody."""
        self._move(micro)
        self.told.append(
            Credited(
                account_id=self.account_id,
                kind=kind,
                source=f"reconnection/{uuid4()}",
                amount_micro=micro,
                balance_micro=self.balance_micro,
                balance_number=self.number,
                currency="CNY",
                at=AT,
            )
        )

    def taken_back(self, micro: int) -> None:
        """Of a payment; below zero: it came back."""
        self._move(-micro)
        self.told.append(
            PaymentTakenBack(
                account_id=self.account_id,
                payment_id="p",
                provider="p",
                journal_id=self.number,
                amount_micro=micro,
                balance_micro=self.balance_micro,
                balance_number=self.number,
                currency="CNY",
                at=AT,
            )
        )

    def charged(self, micro: int, *, moves: int | None = None) -> None:
        self.total_micro += micro
        self.version += 1
        moved = micro if moves is None else moves
        if moved:
            self._move(-moved)
        charge = PostedCharge(
            self.agreement_id, self.account_id, FIRST, END, self.version, 1, 2, self.total_micro,
            None, self.number if moved else None, self.balance_micro if moved else None,
        )  # fmt: skip
        self.told.append(ChargesPosted(posted_at=AT, charges=(charge,)))

    def stray(self, micro: int) -> None:
        """The balance moves, and no charge of its own goes with it."""
        self._move(micro)
        balance = PostedBalance(self.account_id, self.number, self.balance_micro)
        self.told.append(ChargesPosted(posted_at=AT, charges=(), balances=(balance,)))

    def _move(self, micro: int) -> None:
        self.balance_micro += micro
        self.number += 1


async def look(billing, now: datetime = AT) -> dict[UUID, int]:
    """By account, what the ledger has too much."""
    store = PostgresDifferences(billing.database)
    await store.look(now=now)
    return {
        each.account_id: each.difference_micro for each in await store.listed(after=None, limit=99)
    }


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["paid", "credited", "taken", "taken_back", "charged", "charged"]),
            st.just(0) | st.integers(0, 10**9),
        ),
        max_size=8,
    ),
    wrong=st.none() | st.tuples(st.sampled_from(["paid", "charged", "stray"]), st.integers(1, 99)),
    data=st.data(),
)
async def test_told_in_any_order_and_twice(billing, steps, wrong, data) -> None:
    life = Life()
    life.opened(10**9)
    for step, micro in steps:
        getattr(life, step)(micro)
    by = 0
    if wrong is not None:
        step, by = wrong
        if step == "stray":
            life.stray(by)
        else:
            getattr(life, step)(1_000, moves=1_000 + by)
            by = by if step == "paid" else -by
    told = data.draw(st.permutations([*life.told, *life.told[::2]]))
    cut = data.draw(st.integers(0, len(told)))
    await billing.take(*told[:cut])
    await billing.take_charges_as_one([e for e in told[cut:] if isinstance(e, ChargesPosted)])
    await billing.take(*(e for e in told[cut:] if not isinstance(e, ChargesPosted)))
    assert (await look(billing)).get(life.account_id) == (by or None)


async def test_a_transfer_is_heard_of_at_both_accounts(billing) -> None:
    one, other = Life(), Life()
    for life in (one, other):
        life.opened(100)
    one.taken(130)
    other.credited(130, kind="transfer")
    await billing.take(*one.told)
    await billing.take(*one.told[-1:], *other.told)
    assert await look(billing) == {}


async def test_a_posting_to_another_account_shows_at_both(billing) -> None:
    one, other = Life(), Life()
    one.opened(100)
    other.opened(100)
    one.charged(30, moves=0)
    other.stray(-30)
    await billing.take(*one.told, *other.told)
    assert await look(billing) == {one.account_id: 30, other.account_id: -30}


async def test_a_ledger_that_was_restored_says_what_is_so_by_higher_numbers(billing) -> None:
    life = Life()
    life.opened(100)
    life.charged(10)
    forgotten = Life(**{**vars(life), "told": []})
    life.charged(20)
    forgotten.number = forgotten.version = 1 << 24  # its epoch was raised
    forgotten.charged(25)
    await billing.take(*life.told, *forgotten.told)
    assert await look(billing) == {}
    # A payment that the restored database does not have is a difference until it is brought again.
    lost = Life(**{**vars(forgotten), "told": []})
    lost.paid(50)
    forgotten.told.clear()
    forgotten.number += 1
    forgotten.charged(1)
    await billing.take(*lost.told, *forgotten.told)
    assert await look(billing) == {life.account_id: -50}


async def settled(billing, now: datetime) -> Sequence[int]:
    return await PostgresDifferences(billing.database).counts(now=now, settle=SETTLE)


async def test_what_has_just_moved_is_in_flight_but_not_for_ever(billing) -> None:
    life = Life()
    life.opened(100)
    life.charged(10, moves=20)
    await billing.take(*life.told)
    await look(billing)
    assert await settled(billing, AT) == (0, 1)
    assert await settled(billing, AT + SETTLE) == (1, 0)
    # A difference that goes on changing is in flight for ten minutes at most.
    for minute in range(1, 11):
        life.told.clear()
        life.charged(10, moves=20)
        await billing.take(*life.told)
        at = AT + timedelta(minutes=minute)
        await look(billing, at)
        assert await settled(billing, at) == ((1, 0) if at - AT >= PATIENCE else (0, 1))
    life.told.clear()
    life.paid(0, moves=110)
    await billing.take(*life.told)
    assert await look(billing) == {}
    assert await settled(billing, AT) == (0, 0)
