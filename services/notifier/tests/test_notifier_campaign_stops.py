"""When a cancel or a pause is answered, without a database."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from test_notifier_campaign_rules import AT, campaign

from notifier.campaigns.change_campaign import ChangeCampaign, Order
from notifier.campaigns.values import Campaign, CampaignState, Step, What
from notifier.contacts.values import Language


class Store:
    """One campaign, of which a notice is leaving for the next ``leaving`` looks."""

    def __init__(self, found: Campaign) -> None:
        self.campaign = found
        self.steps: list[Step] = []
        self.leaving = 0
        self.looks = 0

    async def lock(self, _: object) -> Campaign:
        return self.campaign

    async def asked(self, *, by: str, key: str) -> Step | None:
        return next((each for each in self.steps if (each.by, each.key) == (by, key)), None)

    async def note(self, step: Step) -> None:
        self.steps.append(step)

    async def change(self, changed: Campaign) -> None:
        self.campaign = changed

    async def is_leaving(self, *_: object, **__: object) -> bool:
        self.looks += 1
        self.leaving -= 1
        return self.leaving >= 0

    def __getattr__(self, name: str) -> Any:
        async def nothing(*_: object, **__: object) -> list[object]:
            return []

        return nothing


def changing(store: Store) -> ChangeCampaign:
    @asynccontextmanager
    async def opened() -> AsyncGenerator[Any]:
        yield store

    return ChangeCampaign(
        open_campaigns=opened,
        segments=None,  # pyright: ignore[reportArgumentType]
        fallback=Language.EN,
        zone=ZoneInfo("UTC"),
        clock=lambda: AT,
        committed=lambda: None,
    )


@pytest.mark.parametrize("what", [What.PAUSED, What.CANCELLED])
async def test_asked_again_it_is_answered_no_sooner(what: What) -> None:
    store = Store(campaign())
    change = changing(store)
    order = Order(what=what, by="li", reason="r", key=str(uuid4()))
    for times in (1, 2):
        store.leaving, store.looks = 2, 0
        answered = await change.decide(order, store.campaign.id)
        assert answered.state is CampaignState(what)
        assert store.looks == 3, times
    assert len(store.steps) == 1


async def test_asked_again_after_it_goes_on_it_waits_for_nothing() -> None:
    store = Store(campaign())
    change = changing(store)
    order = Order(what=What.PAUSED, by="li", reason="r", key=str(uuid4()))
    await change.decide(order, store.campaign.id)
    store.campaign = replace(store.campaign, state=CampaignState.RUNNING)
    store.leaving, store.looks = 9, 0
    assert (await change.decide(order, store.campaign.id)).state is CampaignState.RUNNING
    assert store.looks == 0
