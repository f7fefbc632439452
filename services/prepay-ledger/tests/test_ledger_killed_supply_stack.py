"""Ledger or gateway die by SIGKILL in the midst of whatever moves a relay: after the restart it is
where it should be, moved once, and nothing is paid, told or apologised for twice."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import Any, NamedTuple

import httpx
import pytest
from ledger_chain import ARM, CUT, FLOWS, GATEWAY, PAYMENT, Flow, Home, home_of, left_behind
from ledger_law import ALL_IS_NEW, somebody_else
from ledger_proofs import NAME, behind_proxy, ledger_behind_proxy, nothing_to_publish
from ledger_proxy import At, DatabaseProxy

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

HIT_S = 60.0


class Point(NamedTuple):
    """``part`` dies as it has sent a statement with ``text`` and comes to ``at``."""

    what: str
    part: str
    text: str
    at: At


DECIDED = 'INSERT INTO "command"'
DECIDING = Point("before the decision's commit", NAME, DECIDED, At.COMMIT)
UNTOLD = Point("after it, before Kafka has the command", NAME, DECIDED, At.COMMITTED)
LEDGER_POINTS = (
    DECIDING,
    UNTOLD,
    Point("as Kafka has the command", NAME, "DELETE FROM outbox", At.STATEMENT),
)
TAKEN = Point("taken, and not sent to the meter", GATEWAY, "INSERT INTO command", At.COMMITTED)
GATEWAY_POINTS = (
    Point("before it is taken from Kafka", GATEWAY, "INSERT INTO command", At.COMMIT),
    TAKEN,
    Point("sent, and not noted", GATEWAY, "SET status = $2, attempts = attempts + 1", At.COMMIT),
    Point("answered, and not noted", GATEWAY, "UPDATE command AS c SET status = a.s", At.COMMIT),
    Point("as Kafka has how it went", GATEWAY, "DELETE FROM outbox", At.STATEMENT),
)
SHORTEST = ((CUT, TAKEN), (PAYMENT, UNTOLD))
"""Two that `make test` runs too."""


def _cases() -> Iterator[Any]:
    """What the gateway carries it does whatever called for it: three actions are all."""
    for flow in FLOWS:
        for point in (*LEDGER_POINTS, *(GATEWAY_POINTS if flow in (CUT, PAYMENT, ARM) else ())):
            yield pytest.param(
                flow, point, id=f"{flow.name}: {point.part}, {point.what}",
                marks=[] if (flow, point) in SHORTEST else [pytest.mark.chaos],
            )  # fmt: skip


@pytest.fixture(scope="module")
async def proxies(ledger: Any) -> AsyncGenerator[Mapping[str, DatabaseProxy]]:
    """Of both, which reach their databases through them."""
    await asyncio.to_thread(ledger.stack.start_services, GATEWAY)
    async with ledger_behind_proxy(ledger) as one, behind_proxy(ledger.stack, GATEWAY) as other:
        yield {NAME: one, GATEWAY: other}
        await calm(ledger)


async def calm(ledger: Any) -> None:
    """What a test publishes holds for whoever comes after it: in the end a policy that holds
    nothing."""
    body = {"document": {"default": ALL_IS_NEW}, "reason": "calm"}
    draft = await ledger.api.post("/v1/policies", json=body)
    async with somebody_else(ledger) as other:
        path = f"/v1/policies/{draft.json()['id']}/publish"
        assert (await other.post(path, json={"reason": "calm"})).is_success


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Any]:
    """What each flow leaves behind where nobody dies, by its name."""
    return {}


@pytest.mark.parametrize(("flow", "point"), [*_cases()])
async def test_a_relay_comes_where_it_should_be_whoever_dies(
    ledger: Any,
    proxies: Mapping[str, DatabaseProxy],
    undisturbed: dict[str, Any],
    flow: Flow,
    point: Point,
) -> None:
    if flow.name not in undisturbed:
        undisturbed[flow.name] = await run(ledger, flow)
        await calm(ledger)
    assert await run(ledger, flow, dies=(proxies[point.part], point)) == undisturbed[flow.name]
    await calm(ledger)


async def run(
    ledger: Any, flow: Flow, *, dies: tuple[DatabaseProxy, Point] | None = None
) -> dict[str, Any]:
    """What the flow has left behind, once all is at rest."""
    signed = await flow.sign(ledger) if flow.sign else {}
    async with home_of(ledger, **signed) as home:
        await flow.prepare(home)
        # What is published from here on is the flow's: of what was before, nobody is to die.
        await nothing_to_publish(ledger)
        if dies is None:
            await flow.send(home)
        else:
            await _killed(ledger, flow, home, *dies)
        await home.rests(flow.state, flow.relay)
        return await left_behind(home)


async def _killed(ledger: Any, flow: Flow, home: Home, proxy: DatabaseProxy, point: Point) -> None:
    """Whoever was not answered asks again, where nothing was done: a person would see that."""
    process = f"{point.part}-behind-proxy"

    async def kill() -> None:
        await asyncio.to_thread(ledger.stack.kill, process)

    async with proxy.breaking(point.text, point.at, first=kill) as broken:
        try:
            await flow.send(home)
            answered = True
        except httpx.TransportError:
            answered = False
        async with asyncio.timeout(HIT_S):
            await broken.hit.wait()
    await asyncio.to_thread(ledger.stack.start, process)
    if not answered and (flow in (PAYMENT, ARM) or point is DECIDING):
        answer = await flow.send(home)
        assert answer is None or answer.is_success, answer.text
