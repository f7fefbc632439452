"""A provider gives back another amount than it was asked for, and tells of that before it says that
this is our refund: an event that does not name it, of which the account pays at first."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from ledger_backs import PAID_MICRO, Giving, giving
from ledger_settlements import Row
from ledger_town import ONE_PERSON

from prepay_ledger.approvals.values import Proposal
from prepay_ledger.providers.values import Kind
from prepay_ledger.refunds.refusals import RefundNotSo
from prepay_ledger.refunds.values import Refund
from prepay_ledger.settlements.keep_otherwise import keeping_otherwise
from prepay_ledger.settlements.refusals import ToldOtherwise
from prepay_ledger.settlements.values import Action

pytestmark = pytest.mark.stack

LESS_MICRO = 10_000
"""So much less than was asked for is given back."""


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Giving]:
    async with giving(own_database_url) as made:
        yield made


async def gave_less(town: Giving, left: int, *kinds: Kind) -> tuple[Refund, int]:
    """It was asked, and has given less: of that ``kinds`` are told, unnamed, before its answer.
    Gives the refund, and what was given."""
    asked = left // 10_000 * 10_000 - 40_000
    given = asked - LESS_MICRO
    refund = await town.back(asked)

    async def tells() -> None:
        for kind in kinds:
            assert not await town.hears(refund, kind, names=False, micro=given)

    town.giver.before_answer = tells
    town.giver.status, town.giver.gives = "succeeded", given // 10_000
    await town.send()
    return refund, given


async def test_two_people_take_what_an_event_told_before_without_a_name(town: Giving) -> None:
    town.asks = "stripe"
    left = await town.moves_out()
    refund, given = await gave_less(town, left, Kind.REFUNDED)
    asked = refund.amount_micro
    assert (await town.known(refund))[:2] == ("in-transit", "other-amount")
    assert await town.has() == (left - asked - given, asked, given), "the account pays it as yet"
    proposal = await town.accepts(refund)
    assert isinstance(proposal, Proposal)
    await town.approve(proposal)
    assert await town.known(refund) == ("paid", "done", "")
    assert (await town.found(refund)).given_micro == given
    assert await town.has() == (left - given, 0, given)
    assert await town.given(refund, given) == "repeated"
    assert await town.has() == (left - given, 0, given)


@pytest.mark.parametrize("told_before", [True, False])
async def test_another_amount_that_failed_is_the_accounts_again(
    town: Giving, told_before: bool
) -> None:
    town.asks = "stripe"
    left = await town.moves_out()
    kinds = [Kind.REFUNDED] if told_before else []
    refund, given = await gave_less(town, left, *kinds)
    proposal = await town.accepts(refund)
    assert await town.given(refund, given - 1, kind=Kind.REFUND_FAILED) == "conflict"
    assert (await town.known(refund))[:2] == ("in-transit", "other-amount")
    failed = "the provider tells that it failed"
    for outcome in ("taken-back", "repeated"):
        assert await town.given(refund, given, kind=Kind.REFUND_FAILED) == outcome
        assert await town.known(refund) == ("cancelled", "refused", failed)
        assert (await town.found(refund)).given_micro is None
        assert await town.has() == (left, 0, 0)
    with pytest.raises(RefundNotSo, match="no other amount is to be taken"):
        await town.approve(proposal)
    # It may go to the same payment once more.
    again = await town.back(refund.amount_micro, key="k-2")
    await town.cancel(again)


async def test_an_answer_that_names_what_was_told_of_another_amount_needs_two_people(
    town: Giving,
) -> None:
    left = await town.moves_out()
    refund, given = await gave_less(town, left, Kind.REFUNDED)
    asked = refund.amount_micro
    state, provider_state, code = await town.known(refund)
    assert (state, provider_state) == ("in-transit", "other-amount")
    assert f"asked for {asked} micro-units, not {given}" in code
    assert (await town.found(refund)).given_micro == given
    assert await town.has() == (left - asked - given, asked, given)
    proposal = await town.accepts(refund)
    # What else is told of the payment meanwhile decides nothing about it.
    await town.tell("p-0", "dp_1", 500, kind=Kind.DISPUTED)
    assert (await town.known(refund))[:2] == ("in-transit", "other-amount")
    assert await town.has() == (left - asked - given - 500, asked, given + 500)
    await town.approve(proposal)
    assert await town.known(refund) == ("paid", "done", "")
    assert await town.has() == (left - given - 500, 0, given + 500)
    await town.tell("p-0", "dp_1", 500, kind=Kind.DISPUTE_WON)
    assert await town.has() == (left - given, 0, given)


async def test_what_was_told_and_failed_before_the_answer_needs_nobody(town: Giving) -> None:
    left = await town.moves_out()
    refund, _ = await gave_less(town, left, Kind.REFUNDED, Kind.REFUND_FAILED)
    assert (await town.known(refund))[:2] == ("cancelled", "refused")
    assert await town.has() == (left, 0, 0)


async def test_another_amount_that_was_settled_comes_to_two_people(town: Giving) -> None:
    left = await town.moves_out()
    refund, given = await gave_less(town, left)
    assert (await town.known(refund))[:2] == ("in-transit", "accepted")
    day = town.at.date()
    await town.next_day(2)
    rows = [
        Row(id="p-0", micro=PAID_MICRO, account="town-0"),
        Row(kind="refund", id="p-0", own_id="re_0", micro=given),
    ]
    await town.settles(day, *rows)
    await town.settles(day + timedelta(days=1))
    await town.follow()
    (found,) = await town.differences()
    town.resolve_terms = ONE_PERSON
    keeping = keeping_otherwise(town.unit, take_movement=town.take_movement, clock=lambda: town.at)
    before = await town.has()
    with pytest.raises(ToldOtherwise, match=f"see refund {refund.id}; nothing was moved"):
        await town.do(found, Action.TAKE, open_unit=keeping)
    assert (await town.known(refund))[:2] == ("in-transit", "other-amount")
    assert (await town.found(refund)).given_micro == given
    assert await town.has() == before
    assert [each.id for each in await town.differences()] == [found.id]
    await town.approve(await town.accepts(refund))
    assert (await town.known(refund))[0] == "paid"
    assert await town.has() == (left - given, 0, given)
    await town.follow()
    assert await town.differences() == []
