"""``/v1/door-orders``: which notices somebody is to bring to customers' doors."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from notifier.door_orders.ports import DoorOrderRecords
from notifier.door_orders.say_order import SayDoorOrder
from notifier.door_orders.schemas import DoorLetterOut, DoorOrderOut
from prewatt_common.http.auth import require
from prewatt_common.http.pages import Page, PageRequest, PagesBy


def door_orders_router(*, records: DoorOrderRecords, say: SayDoorOrder) -> APIRouter:
    """``/v1/door-orders``."""
    router = APIRouter(
        prefix="/v1/door-orders",
        tags=["door-orders"],
        dependencies=[Depends(require("notifier:read"))],
    )

    @router.get("")
    async def orders(
        *,
        page: Annotated[PageRequest[UUID], Depends(PagesBy(UUID))],
        account_id: UUID | None = None,
        open_only: Annotated[bool | None, Query(alias="open")] = None,
    ) -> Page[DoorOrderOut]:
        """Orders to bring a notice to a customer's door, newest first; ``open=true``: those for
        which somebody is still to go."""
        found = await records.page(
            account_id=account_id, open_=open_only, before=page.after, limit=page.rows_max
        )
        return page.of(found, key=lambda each: each.order.id, item=DoorOrderOut.of)

    @router.get("/{order_id}/text")
    async def text(order_id: UUID) -> DoorLetterOut:
        """What the paper says, as a letter in the customer's language. It holds what the customer
        alone may know, such as their balance."""
        return DoorLetterOut.model_validate(await say(order_id))

    return router
