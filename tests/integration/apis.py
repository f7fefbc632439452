"""What the four services say of a utility's accounts and meters, over HTTP, and waiting for it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from prewatt_cli.target import SERVICES, Target
from prewatt_cli.utility import TIMEZONE

ZONE = ZoneInfo(TIMEZONE)
WAIT_S = 60.0
"""Two loaded cores are slow: what is waited for comes in well under a second otherwise."""
_POLL_S = 0.1


def begin_for(now: datetime) -> datetime:
    """Local midnight of the 10th of the month before last: ten days of readings from here on are
    in one period, and neither they nor the next period's are in the future. Standing charge is due
    for every day since, so most tests take a tariff without it."""
    day = now.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    for _ in range(2):
        day = day.replace(day=1) - timedelta(days=1)
    return day.replace(day=10).astimezone(UTC)


async def until(
    holds: Callable[[], Awaitable[Any]], *, what: str, timeout_s: float = WAIT_S
) -> Any:
    """Poll until ``holds`` gives something true, and give that; fail with its last answer."""
    deadline = time.monotonic() + timeout_s
    while True:
        found = await holds()
        if found:
            return found
        if time.monotonic() > deadline:
            pytest.fail(f"not in {timeout_s:g} s: {what}")
        await asyncio.sleep(_POLL_S)


@dataclass(kw_only=True)
class Services:
    """The APIs of the four services, and what they say."""

    target: Target
    begin: datetime = field(default_factory=lambda: begin_for(datetime.now(UTC)))
    """When installations begin; the first reading ends an interval after it."""
    _clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    def open_clients(self) -> None:
        """Clients with tokens that may do everything."""
        for service in SERVICES:
            scope = service.rpartition("-")[2]
            token = self.target.token(
                scopes=[f"{scope}:read", f"{scope}:write"],
                lifetime=timedelta(hours=2),
                subject="tests",
            )
            self._clients[service] = httpx.AsyncClient(
                base_url=self.target.url(service),
                headers={"authorization": f"Bearer {token}"},
                timeout=30,
            )

    async def close(self) -> None:
        """Close the clients."""
        for client in self._clients.values():
            await client.aclose()

    @property
    def ledger(self) -> httpx.AsyncClient:
        """The ledger's API, with the right to write."""
        return self._clients["prepay-ledger"]

    @property
    def gateway(self) -> httpx.AsyncClient:
        """The gateway's API, with the right to write."""
        return self._clients["meter-gateway"]

    @property
    def month(self) -> str:
        """The month of the period that readings soon after ``begin`` are in."""
        return self.months[0]

    @property
    def months(self) -> list[str]:
        """Those of all periods from ``begin`` to now."""
        day, last = (at.astimezone(ZONE).replace(day=1) for at in (self.begin, datetime.now(UTC)))
        found: list[str] = []
        while day.date() <= last.date():
            found.append(f"{day:%Y-%m}")
            day = (day + timedelta(days=31)).replace(day=1)
        return found

    async def account(self, number: str) -> dict[str, Any]:
        """The ledger's account, with its agreements and installations."""
        return await self._get("prepay-ledger", "/v1/accounts", number=number)

    async def decisions(self, account_id: str) -> list[dict[str, Any]]:
        """The account's decisions, oldest first."""
        return (await self.items("prepay-ledger", f"/v1/accounts/{account_id}/decisions"))[::-1]

    async def commands(self, account_id: str) -> list[dict[str, Any]]:
        """The account's relay commands, newest first."""
        return await self.items("prepay-ledger", f"/v1/accounts/{account_id}/commands")

    async def totals(self) -> dict[str, Any]:
        """The ledger as a whole."""
        return await self._get("prepay-ledger", "/v1/totals")

    async def notices(self, account_id: str) -> list[dict[str, Any]]:
        """The account's notices, oldest first."""
        return (await self.items("notifier", "/v1/notices", account_id=account_id))[::-1]

    async def charges(self, account_id: str) -> list[dict[str, Any]]:
        """The account's charges by period, oldest first."""
        return (await self.items("prepay-ledger", f"/v1/accounts/{account_id}/charges"))[::-1]

    async def findings(self, meter_id: str) -> list[dict[str, Any]]:
        """What is unusual about the meter's readings, oldest first."""
        return await self.items("prepay-ledger", f"/v1/meters/{meter_id}/findings")

    async def reconciliation(self, account_ids: set[str]) -> tuple[int, dict[str, list[Any]]]:
        """Billing's comparison of these accounts' periods, by kind, and how much it has still to
        compare."""
        kinds = ("agrees", "in_flight", "differs", "missing_in_ledger", "missing_in_billing",
                 "not_rateable")  # fmt: skip
        found: dict[str, list[Any]] = {kind: [] for kind in kinds}
        waiting = 0
        for month in self.months:
            path = f"/v1/reconciliation/{month}"
            waiting += (await self._get("billing", path, limit=1))["summary"]["waiting"]
            for each in await self.items("billing", path, kind=kinds):
                if each["account_id"] in account_ids:
                    found[each["kind"]].append(each)
        return waiting, found

    async def agrees(self, account_ids: set[str], *, timeout_s: float = WAIT_S) -> int:
        """Wait until billing agrees on every period of the accounts, and on the first period of
        each; on how many periods."""
        deadline = time.monotonic() + timeout_s
        while True:
            waiting, found = await self.reconciliation(account_ids)
            agree = found.pop("agrees")
            first = {each["account_id"] for each in agree if _is_first(each, self.month)}
            if not waiting and not any(found.values()) and first == account_ids:
                return len(agree)
            if time.monotonic() > deadline:
                pytest.fail(
                    f"billing and ledger do not agree, {waiting} waiting, "
                    f"{len(first)} of {len(account_ids)} in {self.month}: {found}"
                )
            await asyncio.sleep(_POLL_S)

    async def books_agree(self, *account_ids: str) -> int:
        """The ledger is whole, and billing agrees on every period of the accounts; how many."""
        totals = await self.totals()
        assert totals["imbalance_micro"] == 0
        assert totals["entries_differ_micro"] == 0
        return await self.agrees(set(account_ids))

    async def tell_ledger(self, path: str, body: Mapping[str, Any]) -> Any:
        """POST what has to be taken; gives the answer."""
        answer = await self.ledger.post(path, json=body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    async def items(self, service: str, path: str, **filters: Any) -> list[dict[str, Any]]:
        """All of a list, in its order."""
        found: list[dict[str, Any]] = []
        further: dict[str, str] = {}
        while True:
            page = await self._get(service, path, **filters, **further, limit=1000)
            found += page["items"]
            if page["next"] is None:
                return found
            further = {"cursor": page["next"]}

    async def _get(self, service: str, path: str, **params: Any) -> Any:
        response = await self._clients[service].get(path, params=params)
        return response.raise_for_status().json()


def _is_first(comparison: dict[str, Any], month: str) -> bool:
    return comparison["period_first"].startswith(month)
