"""Door orders, as the API shows them."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel

from notifier.contacts.values import Language
from notifier.door_orders.values import DoorOrderView
from notifier.notices.values import Template
from prewatt_common.contracts.notice_events_v1 import DoorOrderEnd


class DoorOrderOut(BaseModel):
    """Somebody is to bring what notice ``notice_id`` says, in ``language``, to the door of
    ``account_number`` before ``bring_by``. ``address``: where something was brought to it before,
    null where nothing was. ``end``: null while it is open; ``door_id``: the door notice, where it
    was brought."""

    id: UUID
    account_id: UUID
    account_number: str
    address: str | None
    notice_id: UUID
    cause_id: UUID
    template: Template
    language: Language
    ordered_at: datetime
    bring_by: datetime
    end: DoorOrderEnd | None
    ended_at: datetime | None
    door_id: UUID | None

    @classmethod
    def of(cls, view: DoorOrderView) -> Self:
        """``view`` as the API shows it."""
        order = view.order
        account_id, cause_id, template = order.occurrence
        return cls(
            id=order.id,
            account_id=account_id,
            account_number=view.account_number,
            address=view.address,
            notice_id=order.notice_id,
            cause_id=cause_id,
            template=template,
            language=order.language,
            ordered_at=order.ordered_at,
            bring_by=order.bring_by,
            end=view.end,
            ended_at=view.ended_at,
            door_id=view.door_id,
        )


class DoorLetterOut(BaseModel, from_attributes=True):
    """What the paper says. ``text_version`` 0: of what is shipped."""

    language: Language
    subject: str
    body: str
    text_version: int
