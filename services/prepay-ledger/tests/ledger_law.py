"""The law of a place, published by two persons to the running ledger."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
from ledger_procedures import shipped

from prewatt_common.clock import utc_now
from prewatt_common.http.auth import issue_token

ALL_IS_NEW: dict[str, Any] = {"corrected_bills": {"apart_after_days": 3_660}}
"""Of a class of a policy: the tests' readings are of months ago, and are to be paid at once."""


def somebody_else(ledger: Any) -> httpx.AsyncClient:
    """Another person than the tests' usual one."""
    token = issue_token(
        private_key_pem=ledger.stack.keys.auth_private, subject="wu", scopes=("ledger:write",),
        now=utc_now(), lifetime=timedelta(hours=1),
    )  # fmt: skip
    return httpx.AsyncClient(
        base_url=ledger.api.base_url, headers={"authorization": f"Bearer {token}"}, timeout=60
    )


async def published(ledger: Any, document: dict[str, Any]) -> dict[str, Any]:
    """By two persons."""
    body = {"document": document, "reason": "the law of this place"}
    draft = await ledger.api.post("/v1/procedures", json=body)
    assert draft.status_code == 201, draft.text
    path = f"/v1/procedures/{draft.json()['id']}"
    alone = await ledger.api.post(f"{path}/publish", json={"reason": "checked"})
    assert (alone.status_code, alone.json()["type"].rpartition(":")[2]) == (
        403,
        "needs-second-person",
    )
    async with somebody_else(ledger) as other:
        done = await other.post(f"{path}/publish", json={"reason": "checked"})
    assert done.status_code == 200, done.text
    assert (await ledger.api.get(path)).json() == done.json()
    return done.json()


def document(**more: Any) -> dict[str, Any]:
    """China's prepaid example, of a place of its own, from today on."""
    now = utc_now()
    # Of a zone where it is about noon, so that the day does not turn meanwhile; Etc/GMT-8 is UTC+8.
    ahead_h = 12 - now.hour
    return (
        shipped("cn-prepay")
        | {
            "jurisdiction": f"cn-{uuid4().hex[:8]}",
            "timezone": f"Etc/GMT{-ahead_h:+d}",
            "valid_from": (now + timedelta(hours=ahead_h)).date().isoformat(),
            "verified": True,
        }
        | more
    )
