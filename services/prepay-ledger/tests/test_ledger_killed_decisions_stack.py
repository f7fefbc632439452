"""The ledger dies by SIGKILL at each point of a decision that a person makes: the fact, its event
and the entries of its difference are there once after the restart, or the person asks again."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from ledger_people import DEARER, DECISIONS, Decision, Home, home_of, left_behind, publish
from ledger_proofs import BEHIND, ledger_behind_proxy
from ledger_proxy import At, DatabaseProxy

pytestmark = [pytest.mark.stack, pytest.mark.chaos]

Kill = Callable[[], Awaitable[object]]
ANSWER_S = 30.0


@pytest.fixture(scope="module")
async def proxy(ledger: Any) -> AsyncGenerator[DatabaseProxy]:
    """The ledger reaches its database through it."""
    async with ledger_behind_proxy(ledger) as made:
        assert (await publish(ledger, DEARER)).status_code in (200, 201)
        yield made


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Any]:
    """What each decision leaves behind where nobody dies, by its name."""
    return {}


async def dies_in_its_transaction(
    proxy: DatabaseProxy, decision: Decision, home: Home, where: At, kill: Kill
) -> bool:
    """Whether the person was answered: not by one who is dead."""
    async with proxy.breaking(decision.text, where, first=kill):
        with pytest.raises(httpx.TransportError):
            await decision.send(home)
    return False


async def dies_before_it_publishes(
    proxy: DatabaseProxy, decision: Decision, home: Home, kill: Kill
) -> bool:
    """The relay is kept from the outbox until the person has been answered."""
    answered = asyncio.Event()

    async def kill_then() -> None:
        async with asyncio.timeout(ANSWER_S):
            await answered.wait()
        await kill()

    async with proxy.breaking("FROM outbox\nWHERE", At.STATEMENT, first=kill_then) as broken:
        answer = await decision.send(home)
        answered.set()
        async with asyncio.timeout(ANSWER_S):
            await broken.hit.wait()
    return answer.is_success


async def dies_before_it_notes_that_it_published(
    proxy: DatabaseProxy, decision: Decision, home: Home, kill: Kill
) -> bool:
    """Kafka has the events, and the outbox has them still: they are published again."""
    async with proxy.breaking("DELETE FROM outbox", At.STATEMENT, first=kill) as broken:
        try:
            answered = (await decision.send(home)).is_success
        except httpx.TransportError:
            answered = False
        async with asyncio.timeout(ANSWER_S):
            await broken.hit.wait()
    return answered


@pytest.mark.parametrize("point", ["commit", "committed", "unpublished", "published"])
@pytest.mark.parametrize("decision", DECISIONS, ids=lambda each: each.name)
async def test_a_decision_is_made_once_whenever_the_ledger_dies(
    ledger: Any, proxy: DatabaseProxy, undisturbed: dict[str, Any], decision: Decision, point: str
) -> None:
    if decision.name not in undisturbed:
        home = await home_of(ledger)
        assert (await decision.send(home)).is_success
        undisturbed[decision.name] = await left_behind(home)
    home = await home_of(ledger)

    async def kill() -> None:
        await asyncio.to_thread(ledger.stack.kill, BEHIND)

    match point:
        case "commit":
            answered = await dies_in_its_transaction(proxy, decision, home, At.COMMIT, kill)
        case "committed":
            answered = await dies_in_its_transaction(proxy, decision, home, At.COMMITTED, kill)
        case "unpublished":
            answered = await dies_before_it_publishes(proxy, decision, home, kill)
            assert answered
        case _:
            answered = await dies_before_it_notes_that_it_published(proxy, decision, home, kill)
    await asyncio.to_thread(ledger.stack.start, BEHIND)
    if not answered:
        again = await decision.send(home)
        if point == "commit":
            assert again.is_success, again.text
        else:
            assert again.status_code == decision.repeated, again.text
    assert await left_behind(home) == undisturbed[decision.name]
