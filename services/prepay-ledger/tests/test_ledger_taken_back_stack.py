"""What providers take back of payments, on PostgreSQL: debts that a top-up paid are owed again, and
a person who places the same money waits."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_owing import OWED_MICRO, Owing, owing_town, share
from ledger_town import ONE_PERSON, REVIEW

from prepay_ledger.debts.rules import still_paid_micro
from prepay_ledger.debts.values import PaidByTopup
from prepay_ledger.payments.assign_payment import AssignPayment
from prepay_ledger.payments.credit import Decided
from prepay_ledger.payments.return_payment import return_payment
from prepay_ledger.payments.take_movement import TakeMovement
from prepay_ledger.payments.take_payment import TakePayment
from prepay_ledger.payments.values import Payment
from prepay_ledger.providers.values import Kind, Told

town = pytest.fixture(owing_town)
PAID = 400
CLERK = Decided(who="clerk", reason="as they said")


async def pay(town: Owing, payment_id: str, *, number: str = "town-0", micro: int = PAID) -> None:
    payment = Payment(
        provider="bank", payment_id=payment_id, account_number=number, amount_micro=micro,
        currency="CNY",
    )  # fmt: skip
    async with town.unit() as unit:
        await TakePayment(review=REVIEW)(unit, payment=payment, now=town.now)


async def tell(town: Owing, payment_id: str, kind: Kind, micro: int, movement_id: str) -> None:
    told = Told(
        kind=kind, type="test", payment_id=payment_id, movement_id=movement_id,
        account_number="", amount_micro=micro, currency="CNY", at=None,
    )  # fmt: skip
    async with town.unit() as unit:
        await TakeMovement(review=REVIEW)(unit, provider="bank", told=told, now=town.now)


@asynccontextmanager
async def placed(town: Owing, payment_id: str, *, returned: bool):
    """A person places money in suspense; the transaction is open within."""
    (row,) = await town.sql("SELECT id FROM payment WHERE payment_id = $1", payment_id)
    async with town.unit() as unit:
        if returned:
            await return_payment(
                unit=unit, payment=row["id"], decided=CLERK, terms=ONE_PERSON, now=town.now
            )
        else:
            await AssignPayment(review=REVIEW, terms=ONE_PERSON)(
                unit=unit, payment=row["id"], account_id=None, account_number="town-0",
                decided=CLERK, now=town.now,
            )  # fmt: skip
        yield


async def owes_with_a_share(town: Owing, *sources: str) -> None:
    """Debts of which each top-up pays three eighths, and an eighth."""
    for source in sources:
        await town.owe(source=source)
    for debt, ppm in zip(await town.debts(), (375_000, 125_000), strict=False):
        await share(town, debt.id, ppm)


async def stands(town: Owing, *, paid: list[int], kept: int) -> None:
    """Debts as paid, newest first; the account has ``kept`` of its payments beside that."""
    debts = await town.debts()
    assert [debt.paid_micro for debt in debts] == paid
    await town.stands(left_micro=sum(debt.left_micro for debt in debts))
    (row,) = await town.sql("SELECT balance_micro FROM account WHERE number = 'town-0'")
    left_micro = OWED_MICRO * len(debts) - sum(paid)
    assert row["balance_micro"] == town.balance_micro + left_micro, kept
    sources = await town.sql("SELECT source FROM journal WHERE kind = 'debt'")
    assert len({row["source"] for row in sources}) == len(sources), "billing knows them by it"


@pytest.mark.stack
async def test_what_is_taken_back_of_a_top_up_is_owed_again_in_its_part(town: Owing) -> None:
    await owes_with_a_share(town, "edit/1", "edit/2")
    before = town.balance_micro

    async def expect(*paid: int, left: int) -> None:
        town.balance_micro = before + left
        await stands(town, paid=[*paid], kept=left)

    await pay(town, "p1")
    await expect(150, 50, left=PAID)
    await tell(town, "p1", Kind.REFUNDED, 101, "r1")
    # 299 of 400 are left: 112 and 37 of them pay debts, rounded down.
    await expect(112, 37, left=299)
    await tell(town, "p1", Kind.REFUND_FAILED, 101, "r1")
    await expect(150, 50, left=PAID)
    await tell(town, "p1", Kind.DISPUTED, PAID, "d1")
    await expect(0, 0, left=0)
    # The same sums again: no movement is taken for another.
    await pay(town, "p2")
    await expect(150, 50, left=PAID)
    await tell(town, "p1", Kind.DISPUTE_WON, PAID, "d1")
    await expect(300, 100, left=2 * PAID)
    await tell(town, "p2", Kind.REVERSED, PAID, "x")
    await expect(150, 50, left=PAID)


@pytest.mark.stack
async def test_money_that_comes_back_asks_nothing_while_supply_is_off(town: Owing) -> None:
    await owes_with_a_share(town, "edit/1")
    before = town.balance_micro
    await pay(town, "p1")
    await tell(town, "p1", Kind.DISPUTED, PAID, "d1")
    await town.sql("UPDATE account SET supply_state = 'disconnected' WHERE number = 'town-0'")
    await tell(town, "p1", Kind.DISPUTE_WON, PAID, "d1")
    town.balance_micro = before + PAID
    await stands(town, paid=[0], kept=PAID)


@pytest.mark.stack
async def test_a_refund_of_long_ago_makes_no_room_below_the_cap(town: Owing) -> None:
    await town.says(topup_cap_micro=150, topup_cap_days=10)
    await owes_with_a_share(town, "edit/1")
    await pay(town, "p1")
    town.now += timedelta(days=11)
    await pay(town, "p2")
    assert [debt.paid_micro for debt in await town.debts()] == [300]
    # It counts at the day of its top-up, which is no longer within the cap's.
    await tell(town, "p1", Kind.REFUNDED, PAID, "r1")
    await pay(town, "p3")
    assert [debt.paid_micro for debt in await town.debts()] == [150]


@pytest.mark.stack
@pytest.mark.parametrize("returned", [False, True])
async def test_a_refund_waits_for_the_person_who_places_the_same_money(
    town: Owing, returned: bool
) -> None:
    (before,) = await town.sql("SELECT balance_micro FROM account WHERE number = 'town-0'")
    await pay(town, "lost", number="nobody")
    async with placed(town, "lost", returned=returned):
        refund = asyncio.create_task(tell(town, "lost", Kind.REFUNDED, PAID, "r1"))
        await asyncio.sleep(0.3)
        assert not refund.done()
    await refund
    (after,) = await town.sql("SELECT balance_micro FROM account WHERE number = 'town-0'")
    assert after == before
    posted = await town.sql(
        "SELECT ledger_account, sum(amount_micro)::bigint AS micro FROM posting "
        "WHERE ledger_account IN ('suspense', 'clearing:bank', 'refund-due:bank') GROUP BY 1"
    )
    assert {row["micro"] for row in posted} == {0}
    await town.holds()


@pytest.mark.stack
async def test_what_came_early_in_another_currency_is_not_moved(town: Owing) -> None:
    told = Told(
        kind=Kind.REFUNDED, type="test", payment_id="p1", movement_id="r1", account_number="",
        amount_micro=PAID, currency="USD", at=None,
    )  # fmt: skip
    async with town.unit() as unit:
        await TakeMovement(review=REVIEW)(unit, provider="bank", told=told, now=town.now)
    await pay(town, "p1")
    (row,) = await town.sql("SELECT taken_back_micro FROM payment WHERE payment_id = 'p1'")
    assert row["taken_back_micro"] == 0


@given(
    topup=st.integers(1, 10**15), share=st.integers(0, 10**6), parts=st.lists(st.integers(0, 10**6))
)
def test_a_balance_never_loses_more_than_its_part(topup: int, share: int, parts: list[int]) -> None:
    first = topup * share // 10**6
    paid = PaidByTopup(UUID(int=0), 1, topup_micro=topup, first_micro=first, now_micro=first)
    kept = [still_paid_micro(paid, left_micro=topup * each // 10**6) for each in sorted(parts)]
    assert kept == sorted(kept)
    for each, debts in zip(sorted(parts), kept, strict=True):
        left = topup * each // 10**6
        # What the balance keeps of it is never below zero, nor more than it was given.
        assert 0 <= left - debts <= topup - first
    assert still_paid_micro(paid, left_micro=0) == 0
    assert still_paid_micro(paid, left_micro=topup) == first
