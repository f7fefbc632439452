"""Door notices, as the API takes and shows them."""

from datetime import UTC, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AwareDatetime, Base64Bytes, BaseModel, ConfigDict, Field, model_validator

from notifier.doors.refusals import NotBrought
from notifier.doors.rules import photo_of
from notifier.doors.values import DoorNotice, DoorReport, How, Place
from notifier.notices.values import Template
from prewatt_common.http.fields import PRINTABLE, Body

_DEGREE_MICRO = 1_000_000
_PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5E"
    "rkJggg=="
)


class DoorNoticeIn(Body):
    """What a person brought to the door: the paper says what notice ``notice_id`` says. ``at``:
    when. The place in millionths of a degree (WGS 84), in words, or both. ``photo_base64``: a JPEG
    or PNG of up to 3 MiB. ``work_order_id``: the ledger's, where one sent them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "notice_id": "0199a3c4-7d1e-7c55-b0a4-0d7f6f1b2c3d",
                    "how": "posted_at_premises",
                    "at": "2026-03-02T10:30:00Z",
                    "latitude_micro": 31_230_416,
                    "longitude_micro": 121_473_701,
                    "address": "12 Plum Lane, door 3",
                    "photo_base64": _PIXEL,
                }
            ]
        }
    )

    notice_id: UUID
    how: How
    at: Annotated[
        AwareDatetime,
        Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2100, 1, 1, tzinfo=UTC)),
    ]
    latitude_micro: Annotated[int, Field(ge=-90 * _DEGREE_MICRO, le=90 * _DEGREE_MICRO)] | None = (
        None
    )
    longitude_micro: (
        Annotated[int, Field(ge=-180 * _DEGREE_MICRO, le=180 * _DEGREE_MICRO)] | None
    ) = None
    address: Annotated[str, Field(min_length=1, max_length=300, pattern=PRINTABLE)] | None = None
    photo_base64: Base64Bytes
    work_order_id: UUID | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if (self.latitude_micro is None) != (self.longitude_micro is None):
            message = "latitude_micro and longitude_micro belong together"
            raise ValueError(message)
        if self.latitude_micro is None and self.address is None:
            message = "say where it was: latitude_micro and longitude_micro, or address"
            raise ValueError(message)
        return self

    def report(self, *, by: str, key: str) -> DoorReport:
        """As ``by`` says it. Raises `NotBrought` for what is no photo."""
        photo = photo_of(self.photo_base64)
        if photo is None:
            message = "the photo is no whole JPEG or PNG, or has over 3 MiB; nothing was kept"
            raise NotBrought(message)
        return DoorReport(
            notice_id=self.notice_id,
            how=self.how,
            place=Place(self.latitude_micro, self.longitude_micro, self.address),
            at=self.at,
            photo=photo,
            work_order_id=self.work_order_id,
            by=by,
            key=key,
        )


class DoorNoticeOut(BaseModel):
    """What was brought, by whom, and the photo's SHA-256. ``at`` is their word. ``is_late``: it was
    recorded so long after that, that another person must confirm it (``confirmed_by``).
    ``is_evidence``: the notice was true as it was recorded, or confirmed, and the ledger was told
    that it was delivered, in the form ``how``; days are counted ``evidence_from`` then."""

    id: UUID
    notice_id: UUID
    account_id: UUID
    template: Template
    how: How
    at: datetime
    latitude_micro: int | None
    longitude_micro: int | None
    address: str | None
    work_order_id: UUID | None
    photo_sha256: str
    by: str
    recorded_at: datetime
    is_late: bool
    confirmed_by: str | None
    confirmed_at: datetime | None
    is_evidence: bool
    evidence_from: datetime | None

    @classmethod
    def of(cls, kept: DoorNotice) -> Self:
        """``kept`` as the API shows it."""
        confirmation = kept.confirmation
        return cls(
            id=kept.id,
            notice_id=kept.notice_id,
            account_id=kept.account_id,
            template=kept.template,
            how=kept.how,
            at=kept.at,
            latitude_micro=kept.place.latitude_micro,
            longitude_micro=kept.place.longitude_micro,
            address=kept.place.address,
            work_order_id=kept.work_order_id,
            photo_sha256=kept.photo_sha256.hex(),
            by=kept.by,
            recorded_at=kept.recorded_at,
            is_late=kept.is_late,
            confirmed_by=None if confirmation is None else confirmation.by,
            confirmed_at=None if confirmation is None else confirmation.at,
            is_evidence=kept.is_evidence,
            evidence_from=kept.evidence_from,
        )
