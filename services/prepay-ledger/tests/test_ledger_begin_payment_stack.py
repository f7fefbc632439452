"""A payment begun by a link, where the provider and the webhook say different things."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import pytest
from ledger_town import Town

from prepay_ledger.checkouts.values import CheckoutAnswer, CheckoutRequest, Declined
from prepay_ledger.pay_links.begin_payment import BeginPayment, Chosen
from prepay_ledger.pay_links.make_link import AskedLink, make_link
from prepay_ledger.pay_links.refusals import NotPaid, ProviderDeclined
from prepay_ledger.pay_links.settle_attempt import attempt_failed, attempt_paid
from prepay_ledger.pay_links.terms import LinkTerms
from prepay_ledger.pay_links.values import AttemptState
from prepay_ledger.payment_requests.values import NoAnswer
from prewatt_common.clock import utc_now

pytestmark = pytest.mark.stack

TERMS = LinkTerms(
    base_url="https://pay.example", keys={"k1": b"1" * 32}, amounts={}, has_checkouts=True
)
MICRO = 20_000_000


_DECLINED = Declined("already_paid")


async def _nothing(_: CheckoutRequest) -> None: ...


@dataclass
class Declining:
    """A provider that makes no page. ``currency``: the one that it takes."""

    currency: str = "CNY"
    before_answer: Callable[[CheckoutRequest], Awaitable[None]] = _nothing
    answer: CheckoutAnswer = _DECLINED
    calls: int = 0
    labels: Mapping[str, str] = ()  # type: ignore[assignment]
    page_origins: tuple[str, ...] = ()

    def refused_amount(self, amount_micro: int, currency: str) -> bool:
        return currency != self.currency

    async def begin(self, request: CheckoutRequest) -> CheckoutAnswer:
        self.calls += 1
        await self.before_answer(request)
        return self.answer


@pytest.fixture
async def town(own_database_url: str) -> AsyncGenerator[Town]:
    made = Town(own_database_url, count=2)
    await made.settle(made.today)
    yield made
    await made.database.close()


async def chosen(town: Town, number: int) -> Chosen:
    """Twenty, by a new link to that account."""
    (row,) = await town.sql("SELECT id FROM account WHERE number = $1", f"town-{number}")
    asked = AskedLink(
        account_id=row["id"], valid_until=utc_now() + timedelta(days=1), most_micro=None,
        for_whom="", shows_needed=False, who="app", key=f"k-{number}", at=utc_now(),
    )  # fmt: skip
    async with town.unit() as unit:
        _, token, _ = await make_link(unit=unit, asked=asked, terms=TERMS)
    return Chosen(token=token, nonce="n" * 22, provider="card", amount_micro=MICRO, language="en")


def begins(town: Town, provider: Declining) -> BeginPayment:
    return BeginPayment(
        open_unit=town.unit, checkouts={"card": provider}, terms=TERMS,
        title_of=lambda _: "Pay", clock=utc_now,
    )  # fmt: skip


async def test_what_was_paid_is_not_declined_by_what_the_provider_answers_after_it(
    town: Town,
) -> None:
    async def webhook(request: CheckoutRequest) -> None:
        async with town.unit() as unit:
            await attempt_paid(
                unit, provider="card", request_id=str(request.id), payment_id="pay_1",
                amount_micro=MICRO, currency="CNY", now=utc_now(),
            )  # fmt: skip

    begin = begins(town, Declining(before_answer=webhook))
    attempt = await begin(await chosen(town, 0))
    assert (attempt.state, attempt.payment_id) == (AttemptState.PAID, "pay_1")
    (kept,) = await town.sql("SELECT state, paid_micro FROM link_payment")
    assert (kept["state"], kept["paid_micro"]) == ("paid", MICRO)


async def test_what_failed_before_there_was_a_page_is_not_said_to_be_silent(town: Town) -> None:
    async def webhook(request: CheckoutRequest) -> None:
        async with town.unit() as unit:
            await attempt_failed(unit, provider="card", request_id=str(request.id), now=utc_now())

    provider = Declining(before_answer=webhook, answer=NoAnswer("timed out", is_there=True))
    begin, form = begins(town, provider), await chosen(town, 0)
    for _ in range(2):
        with pytest.raises(NotPaid, match="new form"):
            await begin(form)
    assert provider.calls == 1, "the same form never asks again"
    (kept,) = await town.sql("SELECT state, page_url FROM link_payment")
    assert (kept["state"], kept["page_url"]) == ("failed", "")


async def test_of_a_way_that_does_not_take_the_currency_nobody_says_that_the_amount_is_wrong(
    town: Town,
) -> None:
    provider = Declining(currency="CNY")
    in_euros = await chosen(town, 1)
    with pytest.raises(ProviderDeclined, match="another amount or way"):
        await begins(town, provider)(in_euros)
    assert provider.calls == 0
    assert await town.sql("SELECT id FROM link_payment") == []
