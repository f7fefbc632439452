"""What the gateway's API takes and gives."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

METER_ID = r"^[A-Za-z0-9_-]{1,64}$"


class DeviceIn(BaseModel):
    """A meter to register."""

    model_config = ConfigDict(extra="forbid")

    meter_id: Annotated[str, Field(pattern=METER_ID)]
    model: Annotated[str, Field(pattern=r"^[^\x00-\x1f]{1,100}$")]
    codec: Literal["canonical"] = "canonical"


class DeviceOut(BaseModel):
    """A registered meter."""

    meter_id: str
    model: str
    codec: str
    presence: str | None
    presence_at: datetime | None
    created_at: datetime


class DevicePage(BaseModel):
    """Devices in the order of their ids; pass ``next`` as ``after``, none on the last page."""

    devices: list[DeviceOut]
    next: str | None


class RefusalOut(BaseModel):
    """Messages of a meter that were refused for one reason; ``detail`` is of the last."""

    fault: str
    reason: str
    messages: int
    detail: str
    first_at: datetime
    last_at: datetime


class FaultyMeterOut(BaseModel):
    """A meter whose last message was refused, the newest reason first."""

    meter_id: str
    registered: bool
    refusals: list[RefusalOut]


class FaultyMeterPage(BaseModel):
    """In the order of meter ids; pass ``next`` as ``after``, none on the last page."""

    meters: list[FaultyMeterOut]
    next: str | None


class ReplicaOut(BaseModel):
    """A replica of the gateway. It has the MQTT sessions ``{name}-readings`` and
    ``{name}-reports``."""

    name: str
    seen_at: datetime
    silent_s: float


class ImportAnswer(BaseModel):
    """Meters registered, and meters that were there before and were left as they are."""

    registered: int
    existing: int


class CommandOut(BaseModel):
    """A command on its way to a meter."""

    command_id: UUID
    meter_id: str
    account_id: UUID
    action: str
    sequence: int
    status: str
    attempts: int
    relay: str | None
    detail: str
    caused_at: datetime
    issued_at: datetime
    expires_at: datetime
    received_at: datetime
    next_attempt_at: datetime | None
    finished_at: datetime | None
