"""One request to a provider, with a limit on time and on what is read of the answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import httpx
from pydantic import JsonValue, TypeAdapter, ValidationError
from standardwebhooks.webhooks import Webhook

from prepay_ledger.payment_requests.values import NoAnswer

_OBJECT = TypeAdapter(dict[str, JsonValue])
_ANSWER_BYTES_MAX = 256 * 1024
_TIMEOUT_S = 15.0
"""Of connecting, sending and each wait for bytes. Providers that confirm a card take seconds."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What came back. ``document``: the JSON object of the body; empty where it is none."""

    status: int
    document: Mapping[str, JsonValue]
    headers: Mapping[str, str]
    """By their names in small letters."""
    body: bytes


def make_client() -> httpx.AsyncClient:
    """No redirect is followed: a request for money goes where it was configured to go."""
    return httpx.AsyncClient(timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False)


async def post(
    client: httpx.AsyncClient, url: str, *, headers: Mapping[str, str], content: bytes
) -> Posted | NoAnswer:
    """What is to be done."""
    return await send(client, "POST", url, headers=headers, content=content)


async def send(
    client: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    content: bytes = b"",
) -> Posted | NoAnswer:
    """The error's text is not told: it may name what the URL holds."""
    try:
        async with client.stream(method, url, headers=dict(headers), content=content) as answer:
            body = b""
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > _ANSWER_BYTES_MAX:
                    return NoAnswer("the answer is longer than 256 KiB", is_there=True)
    except httpx.HTTPError as error:
        return NoAnswer(f"no answer: {type(error).__name__}", is_there=False)
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Posted(answer.status_code, _object(body), headers, body)


async def post_json(
    client: httpx.AsyncClient,
    url: str,
    *,
    headers: Mapping[str, str],
    document: JsonValue,
    request_id: UUID,
    secret: str | None,
    now: datetime,
) -> Posted | NoAnswer:
    """``secret``: what it is signed with by Standard Webhooks; none: it is not. The signature is
    made anew each time, the Idempotency-Key and the body stay."""
    content = json.dumps(document, ensure_ascii=False)
    signed: dict[str, str] = {}
    if secret is not None:
        signed = {
            "webhook-id": str(request_id),
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign(str(request_id), now, content),
        }
    return await post(
        client,
        url,
        headers={
            **headers,
            "content-type": "application/json",
            "idempotency-key": str(request_id),
            **signed,
        },
        content=content.encode(),
    )


def text_at(document: Mapping[str, JsonValue], *path: str, characters_max: int = 200) -> str:
    """The text at a path of names, as it can be kept; empty where there is none."""
    found: JsonValue = dict(document)
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, str):
        return ""
    return found[:characters_max].replace("\x00", "\N{REPLACEMENT CHARACTER}")


def unclear(posted: Posted, code: str = "") -> NoAnswer:
    """An answer that says neither yes nor no. From 500 on the provider counts as down. ``code``:
    its own word for why, for a person."""
    is_there = posted.status < httpx.codes.INTERNAL_SERVER_ERROR
    return NoAnswer(f"answered {posted.status} {code}".rstrip(), is_there=is_there)


def _object(body: bytes) -> Mapping[str, JsonValue]:
    try:
        return _OBJECT.validate_json(body)
    except ValidationError:
        return {}
