"""Pay links on the running ledger: page, form, provider, webhook, balance; SIGKILL in between."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from ledger_paying import Paying, payer, paying_ledger

pytestmark = pytest.mark.stack

MICRO = 1_000_000


@pytest.fixture(scope="module")
async def paying(ledger: Any) -> AsyncGenerator[Paying]:
    async with paying_ledger(ledger) as made:
        yield made


async def test_a_payer_without_a_login_pays_by_a_link(paying: Paying) -> None:
    ledger = paying.ledger
    account, _ = await ledger.household(paid_micro=5 * MICRO)
    link = await paying.link(account, for_whom="her son")
    token = link["url"].removeprefix(f"{paying.url}/p/")
    assert len(token) == 16
    somebody = payer(link)
    page = await somebody.opens()
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert page.headers["cache-control"] == "no-store"
    assert "Ube Power" in page.text
    assert account["number"][-4:] in page.text
    assert account["number"] not in page.text
    assert "her son" not in page.text
    form = await somebody.form()
    sent = await somebody.sends(form, amount=str(50 * MICRO))
    assert sent.status_code == 303, sent.text
    (order,) = [
        each for each in paying.provider.orders.values() if each["account"] == account["number"]
    ]
    assert sent.headers["location"] == f"{paying.provider.url}/pages/{order['order']}"
    assert (order["micro"], order["currency"]) == (50 * MICRO, "CNY")
    back = order["back"]["paid"]
    waits = await somebody.http.get(back + "&status=SUCCESS&paid=true")
    assert (waits.status_code, "Not seen yet" in waits.text) == (200, True)
    body = ledger.payment(account["number"], 50 * MICRO, request_id=order["order"])
    assert (await ledger.deliver(body)).json()["outcome"] == "credited"
    done = await somebody.http.get(back)
    assert "CNY 50 has come in" in done.text
    assert (await ledger.account(account))["balance_micro"] == 55 * MICRO
    (kept,) = await paying.payments(link)
    assert (kept["state"], kept["paid_micro"]) == ("paid", 50 * MICRO)
    assert kept["payment_id"] == body["data"]["payment_id"]
    again = await somebody.sends(form, amount=str(50 * MICRO))
    assert again.headers["location"].startswith(f"/p/{token}/done?payment=")
    assert len(await paying.payments(link)) == 1


async def test_the_same_form_twice_is_one_payment(paying: Paying) -> None:
    account, _ = await paying.ledger.household()
    link = await paying.link(account)
    somebody = payer(link)
    form = await somebody.form()
    answers = await asyncio.gather(
        *(somebody.sends(form, amount=str(20 * MICRO)) for _ in range(4))
    )
    assert [answer.status_code for answer in answers] == [303] * 4
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert len(await paying.payments(link)) == 1
    other = await somebody.sends(form, amount=str(50 * MICRO))
    assert (other.status_code, "used before" in other.text) == (409, True)
    assert form["nonce"] not in other.text
    assert len(await paying.payments(link)) == 1


async def test_a_ledger_that_is_killed_as_the_provider_answers_asks_for_the_same_page(
    paying: Paying,
) -> None:
    provider = paying.provider
    account, _ = await paying.ledger.household()
    link = await paying.link(account)
    somebody = payer(link)
    form = await somebody.form()

    async def nothing() -> None: ...

    async def killed() -> None:
        provider.before_answer = nothing
        await paying.kill()

    provider.before_answer = killed
    with pytest.raises(httpx.TransportError):
        await somebody.sends(form, amount=str(20 * MICRO))

    async def dead() -> bool:
        return not paying.ledger.stack.running(paying.name)

    await paying.ledger.until(dead, what="the ledger is dead")
    await paying.start()
    (begun,) = await paying.payments(link)
    assert begun["state"] == "begun"
    assert provider.visits == [], "nobody was sent to a page that nobody has kept"
    sent = await somebody.sends(form, amount=str(20 * MICRO))
    assert sent.headers["location"] == f"{provider.url}/pages/{begun['id']}"
    assert provider.calls.count(begun["id"]) == 2
    (kept,) = await paying.payments(link)
    assert (kept["id"], kept["state"]) == (begun["id"], "at-provider")


async def test_a_provider_that_is_silent_or_declines(paying: Paying) -> None:
    provider = paying.provider
    account, _ = await paying.ledger.household()
    link = await paying.link(account)
    somebody = payer(link)
    form = await somebody.form()
    provider.answers = (503, {})
    before = len(provider.calls)
    silent = await somebody.sends(form, amount=str(20 * MICRO))
    assert (silent.status_code, "Nothing was paid" in silent.text) == (503, True)
    assert form["nonce"] in silent.text, "the same form is the same payment"
    assert len(provider.calls) == before + 1, "nobody waits for one that is down"
    provider.answers = (409, {})
    assert (await somebody.sends(form, amount=str(20 * MICRO))).status_code == 503
    assert len(provider.calls) == before + 4, "another process may just be asking the same"
    provider.answers = (422, {"code": "too_small"})
    declined = await somebody.sends(form, amount=str(20 * MICRO))
    assert (declined.status_code, "does not take" in declined.text) == (409, True)
    provider.answers = None
    (kept,) = await paying.payments(link)
    assert (kept["state"], kept["code"]) == ("declined", "too_small")
    sent = await somebody.sends(await somebody.form(), amount=str(20 * MICRO))
    assert sent.status_code == 303


async def test_the_webhook_tells_that_nothing_was_paid_and_then_that_it_was(paying: Paying) -> None:
    ledger = paying.ledger
    account, _ = await ledger.household()
    link = await paying.link(account)
    somebody = payer(link)
    await somebody.sends(await somebody.form(), amount=str(20 * MICRO))
    (begun,) = await paying.payments(link)
    failed = ledger.payment(account["number"], 20 * MICRO, request_id=begun["id"])
    failed |= {"type": "payment.failed"}
    failed["data"]["movement_id"] = "f-1"
    assert (await ledger.deliver(failed)).json()["outcome"] == "not-paid"
    done = f"{link['url']}/done?payment={begun['id']}"
    assert "Not paid" in (await somebody.http.get(done)).text
    other = ledger.payment(account["number"], 21 * MICRO, request_id=begun["id"])
    assert (await ledger.deliver(other)).json()["outcome"] == "credited"
    text = (await somebody.http.get(done, headers={"accept-language": "zh"})).text
    assert "21 元 已到账" in text, "what came is told, not what was chosen"


async def test_what_may_not_be_paid_is_said_at_the_field(paying: Paying) -> None:
    account, _ = await paying.ledger.household()
    link = await paying.link(account, most_micro=60 * MICRO)
    somebody = payer(link)
    form = await somebody.form()
    for more, said in (
        ({"other": "60.01"}, "from CNY 1 to CNY 60"),
        ({"amount": str(100 * MICRO)}, "from CNY 1 to CNY 60"),
        ({"other": "12", "amount": str(50 * MICRO)}, "Keep only one"),
        ({"other": "12", "way": "nobody"}, "Choose how"),
    ):
        answer = await somebody.sends(form, **more)
        assert (answer.status_code, said in answer.text) == (422, True), answer.text
    assert await paying.payments(link) == []
    assert (await somebody.sends(form, other="60")).status_code == 303
    broken = await somebody.http.post(link["url"], data={"nonce": "x"})
    assert broken.json()["type"].endswith("invalid-request")


async def test_links_that_are_over_or_were_never(paying: Paying) -> None:
    ledger = paying.ledger
    account, _ = await ledger.household()
    link = await paying.link(account)
    somebody = payer(link)
    form = await somebody.form()
    typed = link["url"].upper().replace("HTTP://", "http://").replace("/P/", "/p/")
    assert (await somebody.http.get(typed)).status_code == 200
    last = "0" if link["url"][-1] != "0" else "1"
    unknown = payer({"url": link["url"][:-1] + last})
    assert ((await unknown.opens()).status_code) == 404
    assert "没有这个链接" in (await unknown.opens(**{"accept-language": "zh-CN"})).text
    for _ in range(2):
        path = f"/v1/pay-links/{link['id']}/revoke"
        revoked = await paying.api.post(path, json={"reason": "lost"})
        assert (revoked.status_code, revoked.json()["state"]) == (200, "revoked")
    assert (await somebody.opens()).status_code == 410
    assert (await somebody.sends(form, amount=str(20 * MICRO))).status_code == 410
    soon = await paying.link(account)
    await ledger.sql(
        "UPDATE pay_link SET made_at = now() - interval '2 h', valid_until = now() - interval '1h' "
        "WHERE id = $1", soon["id"],
    )  # fmt: skip
    assert (await payer(soon).opens()).status_code == 410
    other, _ = await ledger.household()
    of_other = payer(await paying.link(other))
    await of_other.sends(await of_other.form(), amount=str(20 * MICRO))
    (order,) = [
        each for each in paying.provider.orders.values() if each["account"] == other["number"]
    ]
    elsewhere = f"{link['url']}/done?payment={order['order']}"
    assert (await somebody.http.get(elsewhere)).status_code == 404


async def test_an_account_that_is_closed_is_not_paid_by_a_link_unless_it_owes(
    paying: Paying,
) -> None:
    ledger = paying.ledger
    account, _ = await ledger.household()
    link = await paying.link(account)
    assert (await payer(link).opens()).status_code == 200
    await ledger.sql(
        "UPDATE installation SET ends_at = begins_at + interval '1 day', closing_wh = 0 "
        "WHERE account_id = $1", account["id"],
    )  # fmt: skip
    assert (await payer(link).opens()).status_code == 410


async def test_what_is_needed_is_told_only_where_the_link_says_so(paying: Paying) -> None:
    account, _ = await paying.ledger.household(paid_micro=5 * MICRO, low_balance_micro=42_500_000)
    assert "37.5" not in (await payer(await paying.link(account)).opens()).text
    shown = await payer(await paying.link(account, shows_needed=True)).opens()
    assert "CNY 37.50" in shown.text


async def test_links_are_made_once_a_key_and_refused_in_words(paying: Paying) -> None:
    account, _ = await paying.ledger.household()
    key = str(uuid4())
    first = await paying.makes(account, key=key, for_whom="a")
    again = await paying.makes(account, key=key, for_whom="a")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    other = await paying.makes(account, key=key, for_whom="b")
    assert other.json()["type"].endswith("idempotency-key-used")
    for body in (
        {"valid_until": "2020-01-01T00:00:00Z"},
        {"valid_until": "2099-01-01T00:00:00Z"},
        {"most_micro": 5},
        {"most_micro": 10**12},
    ):
        answer = await paying.makes(account, **body)
        assert (answer.status_code, answer.json()["type"].split(":")[-1]) == (
            422, "invalid-pay-link",
        )  # fmt: skip
    nobody = await paying.makes({"id": str(uuid4())})
    assert nobody.json()["type"].endswith("unknown-account")
    listed = (await paying.api.get(f"/v1/accounts/{account['id']}/pay-links")).json()["items"]
    assert [each["id"] for each in listed] == [first.json()["id"]]
    token = first.json()["url"].split("/")[-1]
    assert token not in json.dumps(listed)
    async with paying.ledger.http("ledger:write") as without:
        without.base_url = paying.url
        answer = await without.post(
            f"/v1/accounts/{account['id']}/pay-links", json={}, headers={"idempotency-key": "k"}
        )
        assert answer.status_code == 403
    elsewhere = await paying.ledger.http("ledger:pay-links").post(
        f"/v1/accounts/{account['id']}/pay-links", json={}, headers={"idempotency-key": "k"}
    )
    assert elsewhere.json()["type"].endswith("pay-links-not-set-up")


async def test_tries_are_bounded_by_address_and_by_token(paying: Paying) -> None:
    account, _ = await paying.ledger.household()
    link = await paying.link(account)
    guesses = payer({"url": f"{paying.url}/p/{'0' * 16}"}, "198.51.100.7")
    answers = await asyncio.gather(
        *(guesses.http.get(f"{paying.url}/p/{number:016d}") for number in range(300))
    )
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {404, 429}
    assert statuses.count(404) >= 120, "so many at once, and two a second after them"
    sends = await asyncio.gather(
        *(payer(link, f"198.51.101.{number}").sends({"nonce": "x"}) for number in range(40))
    )
    assert {each.status_code for each in sends} == {422, 429}
    refused = next(each for each in sends if each.status_code == 429)
    assert int(refused.headers["retry-after"]) >= 1
    assert (await payer(link).opens()).status_code == 200, "it can still be looked at"


async def test_a_token_has_one_rate_however_it_is_spelled(paying: Paying) -> None:
    account, _ = await paying.ledger.household()
    url = (await paying.link(account))["url"]
    spelled = [{"url": url[: -1 - at] + "-" * dashes + url[-1 - at :]}
               for at in range(10) for dashes in (1, 2, 3)]  # fmt: skip
    sends = await asyncio.gather(
        *(payer(each, f"198.51.102.{at}").sends({"nonce": "x"}) for at, each in enumerate(spelled))
    )
    statuses = [each.status_code for each in sends]
    assert set(statuses) == {422, 429}
    assert statuses.count(422) <= 15, "ten at once, and one each six seconds"
