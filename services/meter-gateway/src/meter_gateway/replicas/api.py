"""The gateway's own replicas over HTTP."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict

from meter_gateway.replicas.forget_replica import ReplicaRuns, UnknownReplica, forget_replica
from meter_gateway.replicas.ports import ReplicaStore
from prewatt_common.http.auth import require
from prewatt_common.http.pages import Page, PageRequest, PagesBy
from prewatt_common.http.problems import Problem


class ReplicaOut(BaseModel):
    """A replica of the gateway. It has the MQTT sessions ``{name}-readings`` and
    ``{name}-reports``."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    seen_at: datetime
    silent_s: float


def replicas_router(*, store: ReplicaStore) -> APIRouter:
    """``/v1/replicas``."""
    router = APIRouter(prefix="/v1/replicas", tags=["replicas"])

    @router.get("", dependencies=[Depends(require("gateway:read"))])
    async def replicas(
        page: Annotated[PageRequest[str], Depends(PagesBy(str))],
    ) -> Page[ReplicaOut]:
        """Every replica that has an MQTT session, and for how long it has not been seen, by
        name."""
        found = await store.page(after=page.after, limit=page.rows_max)
        return page.of(found, key=lambda each: each.name, item=ReplicaOut.model_validate)

    @router.delete(
        "/{name}",
        status_code=HTTPStatus.NO_CONTENT,
        dependencies=[Depends(require("gateway:write"))],
    )
    async def forget(name: Annotated[str, Path(max_length=200)]) -> None:
        """A replica that is gone for good, its sessions at the broker emptied and ended."""
        try:
            await forget_replica(store, name)
        except UnknownReplica as error:
            raise Problem(
                status=HTTPStatus.NOT_FOUND, kind="unknown-replica", detail=str(error)
            ) from error
        except ReplicaRuns as error:
            raise Problem(
                status=HTTPStatus.CONFLICT,
                kind="replica-runs",
                detail=f"{error} Nothing was changed.",
            ) from error

    return router
