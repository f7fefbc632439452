"""``/v1/webhooks``: what people decide about them."""

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from notifier.templates.schemas import IdempotencyKey
from notifier.webhooks.change_webhook import (
    WebhookTerms,
    WithSecret,
    change_webhook,
    make_webhook,
)
from notifier.webhooks.ports import OpenWebhooks
from notifier.webhooks.schemas import SecretIn, SecretOut, WebhookIn, WebhookOut
from notifier.webhooks.values import Change, Changed
from prewatt_common.clock import Clock
from prewatt_common.http.auth import Principal, require
from prewatt_common.http.fields import Reason
from prewatt_common.ids import new_id

Writer = Annotated[Principal, Depends(require("notifier:write"))]
"""Whoever asks, named by the token."""


def webhook_decisions_router(
    *, open_webhooks: OpenWebhooks, terms: WebhookTerms, clock: Clock, committed: Callable[[], None]
) -> APIRouter:
    """``/v1/webhooks``."""
    router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

    def change(
        what: Change, body: Reason, key: str, who: Principal, webhook_id: UUID | None = None
    ) -> Changed:
        return Changed(
            id=new_id(),
            webhook_id=webhook_id or new_id(),
            what=what,
            key=key,
            by=who.subject,
            reason=body.reason,
            at=clock(),
        )

    async def done(changed: Changed, overlap: timedelta = timedelta(0)) -> WithSecret:
        async with open_webhooks() as store:
            found = await change_webhook(store=store, changed=changed, terms=terms, overlap=overlap)
        committed()
        return found

    @router.post("", status_code=HTTPStatus.CREATED)
    async def make(body: WebhookIn, key: IdempotencyKey, who: Writer) -> SecretOut:
        """Tell another system what happens from now on. Each message is signed by the secret, as
        Standard Webhooks says: keep it, for it is told this once."""
        async with open_webhooks() as store:
            made = await make_webhook(
                store=store,
                url=body.url,
                events=frozenset(body.events),
                made=change(Change.MADE, body, key, who),
                terms=terms,
            )
        return SecretOut.of(made)

    @router.post("/{webhook_id}/secret", status_code=HTTPStatus.CREATED)
    async def secret(
        webhook_id: UUID, body: SecretIn, key: IdempotencyKey, who: Writer
    ) -> SecretOut:
        """Another secret, told this once. The one before signs too for a while, so that the
        receiver loses nothing as it changes over."""
        changed = change(Change.SECRET, body, key, who, webhook_id)
        return SecretOut.of(await done(changed, body.overlap))

    @router.post("/{webhook_id}/ping")
    async def ping(webhook_id: UUID, body: Reason, key: IdempotencyKey, who: Writer) -> WebhookOut:
        """Queue a message that tells of nothing; what the receiver answers stands in its
        messages."""
        changed = change(Change.PINGED, body, key, who, webhook_id)
        return WebhookOut.of((await done(changed)).webhook)

    @router.post("/{webhook_id}/pause")
    async def pause(webhook_id: UUID, body: Reason, key: IdempotencyKey, who: Writer) -> WebhookOut:
        """Tell it nothing for now. What happens meanwhile waits for it, and goes once it is
        resumed, while in time."""
        changed = change(Change.PAUSED, body, key, who, webhook_id)
        return WebhookOut.of((await done(changed)).webhook)

    @router.post("/{webhook_id}/resume")
    async def resume(
        webhook_id: UUID, body: Reason, key: IdempotencyKey, who: Writer
    ) -> WebhookOut:
        """Tell it again, after a pause or after it said that it is gone; what happened while it
        was off it is not told."""
        changed = change(Change.RESUMED, body, key, who, webhook_id)
        return WebhookOut.of((await done(changed)).webhook)

    @router.post("/{webhook_id}/end")
    async def end(webhook_id: UUID, body: Reason, key: IdempotencyKey, who: Writer) -> WebhookOut:
        """Tell it nothing any more, for good. What waits for it is dropped."""
        changed = change(Change.ENDED, body, key, who, webhook_id)
        return WebhookOut.of((await done(changed)).webhook)

    return router
