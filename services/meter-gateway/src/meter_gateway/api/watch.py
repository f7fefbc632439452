"""Meters that send what cannot be used, and the gateway's own replicas, over HTTP."""

from http import HTTPStatus
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from meter_gateway.adapters.postgres.faults import PostgresFaults
from meter_gateway.adapters.postgres.watch import PostgresWatch
from meter_gateway.api.schemas import FaultyMeterOut, FaultyMeterPage, RefusalOut, ReplicaOut
from meter_gateway.application.meter_faults import CURRENT_FOR
from meter_gateway.domain.readings import FAULT_OF, Fault, Reason
from prewatt_common.clock import Clock
from prewatt_common.http.auth import require
from prewatt_common.http.problems import Problem

REPLICA_GONE_S = 120


def watch_router(*, faults: PostgresFaults, watch: PostgresWatch, clock: Clock) -> APIRouter:
    """``/v1/meter-faults`` and ``/v1/replicas``."""
    router = APIRouter(prefix="/v1")
    reads = [Depends(require("gateway:read"))]
    writes = [Depends(require("gateway:write"))]

    @router.get("/meter-faults", dependencies=reads, tags=["devices"])
    async def meter_faults(
        fault: Fault | None = None,
        after: Annotated[str, Query(max_length=64)] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> FaultyMeterPage:
        """Meters whose last message was refused, and why: a wrong clock, a payload that cannot be
        read, a meter that is not registered. A good reading takes a meter off the list."""
        rows = await faults.page(
            since=clock() - CURRENT_FOR, fault=fault, after=after.replace("\0", ""), limit=limit
        )
        meters = [
            FaultyMeterOut(
                meter_id=meter_id,
                registered=found[0]["registered"],
                refusals=[
                    RefusalOut(fault=FAULT_OF[Reason(each["reason"])], **each) for each in found
                ],
            )
            for meter_id, some in groupby(rows, key=lambda row: row["meter_id"])
            if (found := list(some))
        ]
        return FaultyMeterPage(
            meters=meters, next=meters[-1].meter_id if len(meters) == limit else None
        )

    @router.get("/replicas", dependencies=reads, tags=["replicas"])
    async def replicas() -> list[ReplicaOut]:
        """Every replica that has an MQTT session, and for how long it has not been seen."""
        return [ReplicaOut(**row) for row in await watch.replicas()]

    @router.delete(
        "/replicas/{name}",
        status_code=HTTPStatus.NO_CONTENT,
        dependencies=writes,
        tags=["replicas"],
    )
    async def forget(name: Annotated[str, Path(max_length=200)]) -> None:
        """A replica that is gone for good, its sessions at the broker emptied and ended."""
        found = {row["name"]: row["silent_s"] for row in await watch.replicas()}
        if name not in found:
            raise Problem(
                status=HTTPStatus.NOT_FOUND,
                kind="unknown-replica",
                detail=f"There is no replica {name}.",
            )
        if found[name] < REPLICA_GONE_S:
            raise Problem(
                status=HTTPStatus.CONFLICT,
                kind="replica-runs",
                detail=f"{name} was seen {found[name]:.0f} s ago; stop it first. "
                "Nothing was changed.",
            )
        await watch.forget(name)

    return router
