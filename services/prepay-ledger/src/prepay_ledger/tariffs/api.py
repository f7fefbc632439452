"""Tariffs over HTTP."""

from collections.abc import Callable
from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from prepay_ledger.fields import Writer
from prepay_ledger.tariffs.ports import OpenUnit
from prepay_ledger.tariffs.postgres import VersionKey, published_versions
from prepay_ledger.tariffs.publish_tariff import publish_tariff
from prepay_ledger.tariffs.refusals import InvalidDocument
from prepay_ledger.tariffs.values import Published
from prewatt_common.clock import Clock
from prewatt_common.db.database import Database
from prewatt_common.http.auth import require
from prewatt_common.http.fields import Reason
from prewatt_common.http.openapi import as_it_was
from prewatt_common.http.pages import Page, PageRequest, PagesBy
from prewatt_metering.tariffs.document import InvalidTariff, document_of, tariff_of


class TariffIn(Reason):
    """A tariff document, as `prewatt tariff` checks it; its schema is ``urn:prewatt:tariff:1``."""

    document: dict[str, Any]


class TariffOut(BaseModel):
    """A tariff version as it was published."""

    code: str
    valid_from: date
    correction: int
    """Of the corrections of the tariff the one that made it, from 1; 0: it was published."""
    currency: str
    timezone: str
    title: str
    document: dict[str, Any]
    published_by: str
    reason: str
    published_at: datetime


def tariffs_router(
    *,
    open_unit: OpenUnit,
    database: Database,
    committed: Callable[[], None],
    clock: Clock,
) -> APIRouter:
    """``/v1/tariffs``."""
    router = APIRouter(prefix="/v1/tariffs", tags=["tariffs"])

    @router.post("", status_code=HTTPStatus.CREATED, responses=as_it_was(TariffOut))
    async def publish(body: TariffIn, principal: Writer, response: Response) -> TariffOut:
        """Publish a tariff version: a later day may have another, and what was wrong is put right
        by a correction run. The same one again is answered with 200."""
        try:
            version = tariff_of(body.document)
        except InvalidTariff as error:
            message = f"{error}; nothing was published"
            raise InvalidDocument(message) from error
        async with open_unit() as unit:
            published, is_new = await publish_tariff(
                unit=unit,
                version=version,
                by=principal.subject,
                reason=body.reason,
                now=clock(),
            )
        committed()
        if not is_new:
            response.status_code = HTTPStatus.OK
        return _out(published)

    @router.get("", dependencies=[Depends(require("ledger:read"))])
    async def tariffs(
        page: Annotated[PageRequest[VersionKey], Depends(PagesBy(VersionKey))],
    ) -> Page[TariffOut]:
        """Every tariff version, in the order of codes and days; one that was corrected stands there
        still, before what corrected it."""
        rows = await published_versions(database, after=page.after, limit=page.rows_max)
        return page.of(
            rows,
            key=lambda row: (row.version.code, row.version.valid_from, row.correction),
            item=_out,
        )

    return router


def _out(published: Published) -> TariffOut:
    version = published.version
    return TariffOut(
        code=version.code,
        valid_from=version.valid_from,
        correction=published.correction,
        currency=version.currency,
        timezone=version.timezone,
        title=version.title,
        document=document_of(version),
        published_by=published.published_by,
        reason=published.reason,
        published_at=published.published_at,
    )
