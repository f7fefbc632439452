"""``/v1/webhooks``: other systems that are told what happens to accounts."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from notifier.webhooks.change_webhook import webhook_by_id
from notifier.webhooks.ports import OpenWebhooks
from notifier.webhooks.schemas import ChangeOut, MessageOut, WebhookOut
from prewatt_common.http.auth import require
from prewatt_common.http.pages import Page, PageRequest, PagesBy

_READS = [Depends(require("notifier:read"))]


def webhooks_router(*, open_webhooks: OpenWebhooks) -> APIRouter:
    """``/v1/webhooks``, to look at."""
    router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], dependencies=_READS)

    @router.get("")
    async def webhooks(
        page: Annotated[PageRequest[UUID], Depends(PagesBy(UUID))],
    ) -> Page[WebhookOut]:
        """Webhooks, newest first; those that ended too."""
        async with open_webhooks() as store:
            found = await store.page(before=page.after, limit=page.rows_max)
        return page.of(found, key=lambda each: each.id, item=WebhookOut.of)

    @router.get("/{webhook_id}")
    async def one(webhook_id: UUID) -> WebhookOut:
        """Who is told of what, and how it stands."""
        async with open_webhooks() as store:
            return WebhookOut.of(await webhook_by_id(store, webhook_id))

    @router.get("/{webhook_id}/changes")
    async def changes(
        webhook_id: UUID, page: Annotated[PageRequest[UUID], Depends(PagesBy(UUID))]
    ) -> Page[ChangeOut]:
        """Who did what with it and why, newest first."""
        async with open_webhooks() as store:
            await webhook_by_id(store, webhook_id)
            found = await store.changes(webhook_id, before=page.after, limit=page.rows_max)
        return page.of(found, key=lambda each: each.id, item=ChangeOut.model_validate)

    @router.get("/{webhook_id}/messages")
    async def messages(
        webhook_id: UUID, page: Annotated[PageRequest[int], Depends(PagesBy(int))]
    ) -> Page[MessageOut]:
        """What it was told, or will be, newest first. A message is kept for a week after its
        end."""
        async with open_webhooks() as store:
            await webhook_by_id(store, webhook_id)
            found = await store.messages(webhook_id, before=page.after, limit=page.rows_max)
        return page.of(found, key=lambda each: each.sequence, item=MessageOut.model_validate)

    return router
