"""Campaigns as a test's people make them, and accounts to tell."""

import asyncio
import time
from collections import Counter
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from prewatt_common.clock import utc_now
from prewatt_common.http.auth import issue_token

PATH = "/v1/campaigns"


def noon_zone() -> str:
    """Where it is about noon, so that no test depends on the hour."""
    ahead = 12 - utc_now().hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


class Campaigns:
    """Asks the notifier in the name of whoever is meant."""

    def __init__(self, notifier) -> None:
        self._notifier = notifier

    @asynccontextmanager
    async def client(self, who: str):
        token = issue_token(
            private_key_pem=self._notifier.auth_private,
            subject=who,
            scopes=["notifier:read", "notifier:write"],
            now=utc_now(),
            lifetime=timedelta(minutes=30),
        )
        async with self._notifier.http() as client:
            client.headers["authorization"] = f"Bearer {token}"
            client.timeout = 30
            yield client

    async def post(self, path: str, *, who: str = "li", key: str | None = None, **body):
        headers = {"idempotency-key": key or str(uuid4())}
        async with self.client(who) as client:
            body = {"reason": "as agreed"} | body
            return await client.post(path, json=body, headers=headers)

    async def get(self, path: str = "", **params) -> dict:
        async with self.client("li") as client:
            answer = await client.get(PATH + path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def draft(self, *, who: str = "li", key: str | None = None, **changes):
        today = utc_now().astimezone(ZoneInfo(noon_zone())).date()
        body = {
            "name": "tariff of January",
            "purpose": "news",
            "channels": ["log"],
            "first_day": str(today - timedelta(days=1)),
            "last_day": str(today + timedelta(days=1)),
            "from_time": "00:00",
            "until_time": "23:59",
            "per_minute": 60_000,
        }
        return await self.post(PATH, who=who, key=key, **body | changes)

    async def drafted(self, numbers, *, languages=("zh-CN",), **changes) -> str:
        """A campaign with accounts, and its texts published."""
        answer = await self.draft(**changes)
        assert answer.status_code == 201, answer.text
        made = answer.json()
        await self.upload(made["id"], numbers)
        for channel in made["channels"]:
            for language in languages:
                await self.publish(made, language, channel)
        return made["id"]

    async def upload(self, campaign_id: str, numbers, *, who: str = "li"):
        text = "account\n" + "".join(f"{number}\n" for number in numbers)
        async with self.client(who) as client:
            return await client.post(
                f"{PATH}/{campaign_id}/audience",
                content=text.encode(),
                headers={"content-type": "text/csv"},
            )

    async def publish(self, made: dict, language: str, channel: str) -> str:
        template = {"news": "campaign-news", "campaigns": "campaign-offer"}[made["purpose"]]
        text = {
            "template": template, "language": language, "channel": channel,
            "campaign_id": made["id"], "body": "{{ utility }}: a new tariff from January on",
        }  # fmt: skip
        if channel == "email":
            text["subject"] = f"A new tariff {made['id']}"
        draft = await self.post("/v1/templates", **text)
        assert draft.status_code == 201, draft.text
        text_id = draft.json()["id"]
        answer = await self.post(f"/v1/templates/{text_id}/publish", who="wang")
        assert answer.status_code == 200, answer.text
        return text_id

    async def decide(self, what: str, campaign_id: str, *, who: str = "wang", key=None):
        return await self.post(f"{PATH}/{campaign_id}/{what}", who=who, key=key)

    async def until_state(self, campaign_id: str, state: str, *, timeout_s: float = 40) -> None:
        async def as_expected() -> bool:
            return (await self.get(f"/{campaign_id}"))["state"] == state

        await self._notifier.until(as_expected, what=f"{campaign_id} {state}", timeout_s=timeout_s)

    async def running(self, numbers, **changes) -> str:
        campaign_id = await self.drafted(numbers, **changes)
        answer = await self.decide("approve", campaign_id)
        assert answer.status_code == 200, answer.text
        await self.until_state(campaign_id, "frozen")
        answer = await self.decide("start", campaign_id)
        assert answer.status_code == 200, answer.text
        return campaign_id

    async def accounts(self, count: int, *, channels=("log",), name: str = "") -> dict[str, UUID]:
        """By number: accounts with contacts where it is noon."""
        name = name or uuid4().hex[:8]
        made = {f"{name}-{n}": uuid4() for n in range(count)}
        mails = [f"{number}@home.example" for number in made]
        connection = await self._notifier.connect()
        await connection.execute(
            "INSERT INTO account (id, number) SELECT * FROM unnest($1::uuid[], $2::text[])",
            list(made.values()), list(made),
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO contact (account_id, language, email, channels, timezone) "
            "SELECT id, 'zh-CN', mail, $3, $4 FROM unnest($1::uuid[], $2::text[]) AS m (id, mail)",
            list(made.values()), mails, list(channels), noon_zone(),
        )  # fmt: skip
        await connection.close()
        return made

    async def notices(self, campaign_id: str) -> Counter:
        """By account: how many there are."""
        rows = await self.rows("SELECT account_id FROM notice WHERE campaign_id = $1", campaign_id)
        return Counter(row["account_id"] for row in rows)

    async def rows(self, query: str, *arguments):
        connection = await self._notifier.connect()
        try:
            return await connection.fetch(query, *arguments)
        finally:
            await connection.close()

    async def quiet_for(self, seconds: float, count) -> bool:
        """Whether what ``count`` gives stays the same."""
        before, until = await count(), time.monotonic() + seconds
        while time.monotonic() < until:
            await asyncio.sleep(0.2)
            if await count() != before:
                return False
        return True
