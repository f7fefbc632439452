"""Commands over HTTP."""

from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from meter_gateway.commands.ports import CommandQueries
from prewatt_common.http.auth import require
from prewatt_common.http.problems import Problem


class CommandOut(BaseModel):
    """A command on its way to a meter."""

    model_config = ConfigDict(from_attributes=True)

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
    sent_at: datetime | None
    """When it was last sent."""
    finished_at: datetime | None


def commands_router(*, queries: CommandQueries) -> APIRouter:
    """``/v1/commands``."""
    router = APIRouter(prefix="/v1/commands", tags=["commands"])

    @router.get("/{command_id}", dependencies=[Depends(require("gateway:read"))])
    async def command(command_id: UUID) -> CommandOut:
        """A command and how far it came."""
        found = await queries.command(command_id)
        if found is None:
            raise Problem(
                status=HTTPStatus.NOT_FOUND,
                kind="unknown-command",
                detail=f"there is no command {command_id}.",
            )
        return CommandOut.model_validate(found)

    return router
