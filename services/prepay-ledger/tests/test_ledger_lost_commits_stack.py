"""The connection to PostgreSQL is lost in a COMMIT, and nobody knows whether it was heard: each
thing happens once, or is answered by an error that is safe to repeat. The process goes on."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest
from ledger_cases import Case, begins
from ledger_expected import STANDING, Agreed
from ledger_people import DEARER, DECISIONS, Decision, home_of, left_behind, publish
from ledger_proofs import (
    BEHIND,
    consuming,
    forget_seals,
    ledger_behind_proxy,
    nothing_to_publish,
    sealed_days,
    told_facts,
    yesterday_goes_on,
)
from ledger_proxy import At, DatabaseProxy

from prewatt_common.clock import utc_now

pytestmark = pytest.mark.stack

MICRO = 1_000_000
KWH_MICRO = 2 * MICRO
BOTH = pytest.mark.parametrize("where", [At.COMMIT, At.COMMITTED], ids=["unheard", "heard"])


@pytest.fixture(scope="module")
async def proxy(ledger: Any) -> AsyncGenerator[DatabaseProxy]:
    """The ledger reaches its database through it, and is one process throughout."""
    async with ledger_behind_proxy(ledger) as made:
        assert (await publish(ledger, DEARER)).status_code in (200, 201)
        pids = ledger.stack.pids(BEHIND)
        yield made
        assert ledger.stack.pids(BEHIND) == pids
        assert await consuming(ledger) == {}


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Any]:
    """What each decision leaves behind where nothing breaks, by its name."""
    return {}


@pytest.mark.chaos
@BOTH
@pytest.mark.parametrize("decision", DECISIONS, ids=lambda each: each.name)
async def test_a_decision_is_made_once(
    ledger: Any, proxy: DatabaseProxy, undisturbed: dict[str, Any], decision: Decision, where: At
) -> None:
    if decision.name not in undisturbed:
        home = await home_of(ledger)
        assert (await decision.send(home)).is_success
        undisturbed[decision.name] = await left_behind(home)
    home = await home_of(ledger)
    async with proxy.breaking(decision.text, where):
        answer = await decision.send(home)
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:prewatt:problem:unavailable")
    again = await decision.send(home)
    if where is At.COMMIT:
        assert again.is_success, again.text
    else:
        assert again.status_code == decision.repeated, again.text
    assert await left_behind(home) == undisturbed[decision.name]


@BOTH
async def test_a_batch_of_readings_is_charged_once(
    ledger: Any, proxy: DatabaseProxy, where: At
) -> None:
    homes = [await ledger.household(paid_micro=10 * MICRO) for _ in range(5)]
    poor, poor_meter = await ledger.household(paid_micro=MICRO)
    meters = [*(meter_id for _, meter_id in homes), poor_meter]
    await ledger.read(*((meter_id, 60, 100) for meter_id in meters))
    await ledger.until_balance(poor, MICRO - KWH_MICRO // 10)
    async with proxy.breaking("UPDATE meter_state AS s", where):
        await ledger.read_together(*((meter_id, 120, 1_100) for meter_id in meters))
        for home, _ in homes:
            await ledger.until_balance(home, 10 * MICRO - 11 * KWH_MICRO // 10)
    await ledger.until_balance(poor, MICRO - 11 * KWH_MICRO // 10)
    await ledger.until_state(poor, "disconnecting")
    assert len(await ledger.newest(poor, "commands")) == 1
    await ledger.sums_to_zero()


@BOTH
async def test_a_payment_is_credited_once(ledger: Any, proxy: DatabaseProxy, where: At) -> None:
    account, _ = await ledger.household()
    body = ledger.payment(account["number"], 5 * MICRO)
    event_id = body["data"]["payment_id"]
    async with proxy.breaking("INSERT INTO payment_event", where):
        answer = await ledger.deliver(body, event_id=event_id)
    assert answer.status_code == 503
    again = (await ledger.deliver(body, event_id=event_id)).json()
    assert (again["outcome"], again["repeated"]) == ("credited", where is At.COMMITTED)
    assert again["balance_micro"] == 5 * MICRO
    assert len(await ledger.kept(event_id)) == 1
    await ledger.until_balance(account, 5 * MICRO)
    await ledger.sums_to_zero()


@BOTH
async def test_a_meters_answer_is_taken_once(ledger: Any, proxy: DatabaseProxy, where: At) -> None:
    account, meter_id = await ledger.household()
    await ledger.read((meter_id, 60, 1_000))
    await ledger.until_state(account, "disconnecting")
    (command,) = await ledger.newest(account, "commands")
    async with proxy.breaking("command_answer", where):
        await ledger.answer(command)
        await ledger.until_state(account, "disconnected")
    answers = await ledger.sql(
        "SELECT status FROM command_answer WHERE command_id = $1", command["id"]
    )
    assert len(answers) == 1


@pytest.mark.chaos
@BOTH
@pytest.mark.parametrize(
    "text", ["unsealed = day", "INSERT INTO meter_day", "INSERT INTO entry", "INSERT INTO seal "]
)
async def test_a_day_is_turned_entered_and_sealed_once(
    ledger: Any, proxy: DatabaseProxy, text: str, where: At
) -> None:
    account, meter_id = await ledger.household(paid_micro=10 * MICRO)
    await forget_seals(ledger)
    before = (await told_facts(ledger, '"head"')).total()
    yesterday = await yesterday_goes_on(ledger)
    await ledger.read((meter_id, 60, 1_000))
    async with proxy.breaking(text, where):

        async def is_sealed() -> bool:
            return await sealed_days(ledger) == [yesterday]

        await ledger.until(is_sealed, what="the day is sealed")
    await ledger.until_balance(account, 8 * MICRO)
    assert (await told_facts(ledger, '"head"')).total() == before + 1
    await ledger.sums_to_zero()


@pytest.mark.chaos
@BOTH
async def test_the_sweep_charges_a_day_once(ledger: Any, proxy: DatabaseProxy, where: At) -> None:
    case = Case(ledger, components=[STANDING])
    await case.publish()
    today = utc_now().date()
    account = await case.account(first_day=(today + timedelta(days=2)).isoformat())
    first = today - timedelta(days=5)
    case.agreed[account["id"]] = [Agreed(documents=case.documents, first_day=first)]
    async with proxy.breaking("UPDATE charge_state AS c", where):
        await begins(case, first)
        await case.settles(account)


@BOTH
async def test_an_event_is_published_though_its_deletion_is_not_confirmed(
    ledger: Any, proxy: DatabaseProxy, where: At
) -> None:
    home = await home_of(ledger)
    before = await told_facts(ledger, home.account["id"])
    async with proxy.breaking("DELETE FROM outbox", where):
        assert (
            await ledger.agree(home.account, tariff_code=DEARER, first_day="2026-03-17")
        ).is_success
        await nothing_to_publish(ledger)
    told = await told_facts(ledger, home.account["id"])
    assert told - before == {"prewatt.ledger.agreement-set.v1": 2}
