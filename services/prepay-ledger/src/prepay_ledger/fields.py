"""Fields of several modules' routes. Money: integer micro-units; energy: integer Wh."""

from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Query
from pydantic import AwareDatetime, Field

from prewatt_common.contracts.base import REGISTER_WH_MAX
from prewatt_common.http.auth import Principal, require
from prewatt_common.http.fields import PRINTABLE
from prewatt_common.http.pages import PageRequest, PagesBy

MicroUnits = Annotated[int, Field(ge=0, le=10**15)]
MeterIdField = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
DayField = Annotated[date, Field(ge=date(2000, 1, 1), lt=date(2100, 1, 1))]
"""A local day."""
CurrencyField = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
AccountNumberField = Annotated[str, Field(min_length=1, max_length=100, pattern=PRINTABLE)]
"""What people know the account by: any printable characters, none of space at the ends."""
RegisterField = Annotated[int, Field(ge=0, le=REGISTER_WH_MAX)]
InstantField = Annotated[
    AwareDatetime,
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2100, 1, 1, tzinfo=UTC)),
]
"""Far enough from the calendar's ends to be in any timezone."""
GivenByProvider = Annotated[str, Query(max_length=200, pattern=r"^[^\x00]+$")]
"""A provider's name, or an id of its own."""
IdempotencyKey = Annotated[
    str, Header(alias="Idempotency-Key", min_length=1, max_length=100, pattern=PRINTABLE)
]
"""The caller's own name of what it asks for: under one key it is done once."""
PageById = Annotated[PageRequest[UUID], Depends(PagesBy(UUID))]
"""Of a list by our ids, the newest first."""
Writer = Annotated[Principal, Depends(require("ledger:write"))]
"""Whoever asks, named by the token."""
TariffCodeField = Annotated[str, Field(pattern=r"^[a-z0-9]+(?:[-_.][a-z0-9]+)*$", max_length=60)]
