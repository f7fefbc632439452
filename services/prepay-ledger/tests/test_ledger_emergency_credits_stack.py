"""Emergency credit on PostgreSQL: offered as the balance falls, accepted late or early, used,
repaid; nobody is cut meanwhile."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import msgspec
import pytest
from ledger_place import Place
from ledger_scratch import Scratch

from prepay_ledger.emergency_credits.accept_credit import accept_credit
from prepay_ledger.emergency_credits.refusals import EmergencyCreditRefused, KeyUsedBefore
from prepay_ledger.emergency_credits.values import Acceptance, EmergencyCredit, Means
from prepay_ledger.facts.values import Decided
from prepay_ledger.payments.take_movement import TakeMovement
from prepay_ledger.payments.take_payment import TakePayment
from prepay_ledger.payments.values import Payment
from prepay_ledger.providers.values import Kind, Told
from prepay_ledger.unit import PostgresUnit

pytestmark = pytest.mark.stack

CREDIT = {"amount_micro": 10, "offered_at_micro": 20, "wait_minutes": 60}


class Helped(Place):
    """Both households have 100, are warned at 5, and are offered 10 once 20 are left."""

    async def accept(
        self, number: int = 0, *, key: str = "k-1", means: Means = Means.APP
    ) -> EmergencyCredit:
        async def review(unit: PostgresUnit, ids: Any, now: Any) -> None:
            await self.review(unit, ids, now=now, caused_at=now)

        decided = Decided(by="the app", reason="accepted", at=self.now)
        async with self.scratch.unit() as unit:
            credit = await accept_credit(
                unit=unit,
                review=review,
                account_id=self.households[number].id,
                acceptance=Acceptance(means=means, key=key, decided=decided),
            )
        await self._carry()
        return credit

    async def top_up(self, amount: int, payment_id: str, number: int = 0) -> None:
        async with self.scratch.unit() as unit:
            await TakePayment(review=self.review)(
                unit,
                payment=Payment(
                    provider="bank",
                    payment_id=payment_id,
                    account_number=str(self.households[number].id),
                    amount_micro=amount,
                    currency="CNY",
                ),
                now=self.now,
            )
        await self._carry()

    async def refund(self, amount: int, payment_id: str) -> None:
        async with self.scratch.unit() as unit:
            told = Told(
                kind=Kind.REFUNDED,
                type="refund",
                account_number="",
                payment_id=payment_id,
                movement_id="r-1",
                amount_micro=amount,
                currency="CNY",
                at=None,
                cumulative=False,
            )
            await TakeMovement(review=self.review)(unit, provider="bank", told=told, now=self.now)
        await self._carry()

    async def news(self) -> list[tuple[str, int, int]]:
        """Of the first household: what was told of emergency credit, the balance, what is left."""
        return [
            (each["news"], each["balance_micro"], each["left_micro"])
            for each in await self.events()
            if "emergency_credit_id" in each and "news" in each
        ]

    async def events(self, number: int = 0) -> list[dict[str, Any]]:
        rows = await self.scratch.sql("SELECT value FROM outbox ORDER BY id")
        events = [msgspec.json.decode(row["value"]) for row in rows]
        of_it = str(self.households[number].id)
        return [each for each in events if each.get("account_id") == of_it]


@pytest.fixture
async def place(own_database_url: str) -> AsyncGenerator[Helped]:
    scratch = Scratch(own_database_url)
    made = Helped(scratch)
    await made.begin()
    yield made
    await made.end()
    await scratch.database.close()


async def test_it_is_offered_accepted_used_repaid_and_offered_again(place: Helped) -> None:
    await place.policy(emergency_credit=CREDIT)
    assert (await place.account())["review_at_micro"] == 20
    await place.post(0, -79)
    assert await place.news() == []
    await place.post(0, -2)
    assert await place.news() == [("offered", 19, 19)]
    credit = await place.accept()
    assert (await place.news())[1:] == [("accepted", 19, 29)]
    # It is used down to -10 and no further.
    await place.post(0, -28)
    assert (await place.state(), (await place.account())["balance_micro"]) == ("warned", -9)
    # The next top-up repays it first, and it stays until the balance is above the point.
    await place.top_up(12, "p-1")
    (paid,) = [each for each in await place.events() if each.get("payment_id") == "p-1"]
    assert (paid["repaid_micro"], paid["balance_micro"], paid["left_micro"]) == (9, 3, 13)
    assert (await place.account())["emergency_credit_micro"] == 10
    await place.top_up(18, "p-2")
    assert (await place.news())[2:] == [("ended", 21, 21)]
    assert (await place.account())["emergency_credit_micro"] == 0
    (_, paid) = [each for each in await place.events() if "repaid_micro" in each]
    assert (paid["repaid_micro"], paid["left_micro"]) == (0, 21)
    await place.post(0, -1)
    assert (await place.news())[3:] == [("offered", 20, 20)]
    # What was accepted is a fact, with who and how.
    rows = await place.scratch.sql("SELECT body FROM fact WHERE kind LIKE '%emergency%'")
    (fact,) = [msgspec.json.decode(row["body"]) for row in rows]
    assert (fact["emergency_credit_id"], fact["means"]) == (str(credit.id), "app")


async def test_nobody_is_cut_before_there_was_time_to_accept(place: Helped) -> None:
    """One reading takes all: it is offered as there is nothing left."""
    await place.policy(emergency_credit=CREDIT)
    await place.post(0, -103)
    assert await place.news() == [("offered", -3, -3)]
    assert await place.state() == "pending"
    assert await place.held() == ["emergency_credit_offered"]
    await place.accept()
    assert await place.state() == "warned"
    await place.post(0, -7)
    assert await place.state() == "disconnecting"


async def test_who_accepts_after_the_cut_has_supply_again(place: Helped) -> None:
    await place.policy(emergency_credit=CREDIT)
    await place.post(0, -103)
    await place.days(0.05)
    assert await place.state() == "disconnected"
    credit = await place.accept()
    assert await place.state() == "reconnecting"
    (row,) = await place.scratch.sql(
        "SELECT fired FROM decision WHERE account_id = $1 ORDER BY id DESC LIMIT 1",
        credit.account_id,
    )
    assert row["fired"][0] == "emergency_credit"
    await place.days(0.01)
    assert await place.state() == "warned"
    # Used up, it must be repaid: less than that brings nobody back.
    await place.post(0, -7)
    await place.days(0.01)
    assert await place.state() == "disconnected"
    await place.top_up(10, "p-1")
    assert await place.state() == "disconnected"
    await place.top_up(1, "p-2")
    assert await place.state() == "reconnecting"


async def test_what_a_refund_takes_away_may_be_used_as_before_the_payment(place: Helped) -> None:
    await place.policy(emergency_credit=CREDIT)
    await place.post(0, -85)
    await place.accept()
    await place.post(0, -20)
    await place.top_up(50, "p-1")
    assert (await place.account())["emergency_credit_micro"] == 0
    await place.refund(50, "p-1")
    account = await place.account()
    assert (account["balance_micro"], account["emergency_credit_micro"]) == (-5, 10)
    assert await place.state() == "warned"
    assert [name for name, _, _ in await place.news()] == [
        "offered", "accepted", "ended", "accepted",
    ]  # fmt: skip


async def test_why_there_is_none_to_accept(place: Helped) -> None:
    with pytest.raises(EmergencyCreditRefused, match="not_in_policy"):
        await place.accept()
    await place.policy(emergency_credit=CREDIT | {"accepted_max": 1})
    with pytest.raises(EmergencyCreditRefused, match="not_offered"):
        await place.accept()
    await place.post(0, -90)
    first = await place.accept()
    assert await place.accept() == first, "the same key again"
    with pytest.raises(KeyUsedBefore):
        await place.accept(means=Means.SMS)
    with pytest.raises(EmergencyCreditRefused, match="used_already"):
        await place.accept(key="k-2")
    await place.top_up(80, "p-1")
    await place.post(0, -80)
    with pytest.raises(EmergencyCreditRefused, match="used_already"):
        await place.accept(key="k-2")
    await place.terms(place.households[1], protected=True)
    await place.post(1, -90)
    with pytest.raises(EmergencyCreditRefused, match="protected"):
        await place.accept(1)
    await place.scratch.sql("UPDATE account SET protected = false")
    await place.scratch.sql(
        "INSERT INTO prepay_agreement SELECT account_id, version + 1, jurisdiction, "
        "customer_class, 'arrears', warning_micro, overdraft_micro, cut_micro, contacts, "
        "reconnection, $1, signed_at, signed_by, paper_reference, paper_sha256, false, by, reason, "
        "at FROM prepay_agreement WHERE account_id = $2 ORDER BY version DESC LIMIT 1",
        place.now,
        place.households[1].id,
    )
    with pytest.raises(EmergencyCreditRefused, match="agreement_forbids"):
        await place.accept(1)
    # More is owed than it reaches: it was never offered, and would be gone at once.
    rows = await place.scratch.sql("SELECT count(*) AS n FROM emergency_credit")
    assert rows[0]["n"] == 1


async def test_one_is_accepted_once_however_many_ask(place: Helped) -> None:
    await place.policy(emergency_credit=CREDIT)
    await place.post(0, -90)
    answers = await asyncio.gather(
        *(place.accept(key=f"k-{n}") for n in range(3)), return_exceptions=True
    )
    done = [each for each in answers if isinstance(each, EmergencyCredit)]
    refused = [each for each in answers if isinstance(each, EmergencyCreditRefused)]
    assert (len(done), len(refused)) == (1, 2)
    assert (await place.account())["emergency_credit_micro"] == 10


async def test_who_is_offered_late_accepts_at_once(place: Helped) -> None:
    """The policy came when the balance had fallen already, and nobody was looked at since."""
    await place.post(0, -90)
    async with place.scratch.unit() as unit:
        from ledger_devices import publish

        await publish(unit, {"default": {"emergency_credit": CREDIT}}, at=place.now)
    credit = await place.accept()
    assert isinstance(credit.id, UUID)
    assert (await place.account())["emergency_credit_micro"] == 10


async def test_what_was_paid_went_where_the_row_says_and_adds_up(place: Helped) -> None:
    """Money that a provider took is credited whole, also above the maximum, and flagged."""
    await place.policy(emergency_credit=CREDIT, maximum_balance_micro={"CNY": 40})
    await place.post(0, -90)
    await place.accept()
    await place.post(0, -17)
    await place.top_up(57, "p-1")
    await place.top_up(2, "p-2")
    rows = await place.scratch.sql(
        "SELECT t.* FROM topup AS t JOIN payment AS p ON p.id = t.payment ORDER BY p.payment_id"
    )
    assert [
        (r["amount_micro"], r["repaid_micro"], r["debts_micro"], r["added_micro"],
         r["balance_micro"], r["left_micro"], r["above_maximum_micro"])
        for r in rows
    ] == [(57, 7, 0, 50, 50, 50, 10), (2, 0, 0, 2, 52, 52, 2)]  # fmt: skip
    (row,) = await place.scratch.sql(
        "SELECT sum(amount_micro)::bigint AS n FROM entry WHERE account_id = $1",
        place.households[0].id,
    )
    assert row["n"] == (await place.account())["balance_micro"] == 52
