"""Pay links over HTTP: made, listed and revoked by whoever serves the customer."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from prepay_ledger.fields import IdempotencyKey, PageById
from prepay_ledger.pay_links.make_link import AskedLink, make_link
from prepay_ledger.pay_links.ports import OpenUnit
from prepay_ledger.pay_links.postgres_queries import PayLinkQueries
from prepay_ledger.pay_links.refusals import UnknownPayLink
from prepay_ledger.pay_links.revoke_link import revoke_link
from prepay_ledger.pay_links.rules import state_of
from prepay_ledger.pay_links.schemas import LinkPaymentOut, NewPayLinkOut, PayLinkIn, PayLinkOut
from prepay_ledger.pay_links.terms import LinkTerms
from prepay_ledger.pay_links.values import PayLink
from prewatt_common.clock import Clock
from prewatt_common.http.auth import Principal, require
from prewatt_common.http.fields import Reason
from prewatt_common.http.openapi import as_it_was
from prewatt_common.http.pages import Page

_Maker = Annotated[Principal, Depends(require("ledger:pay-links"))]
"""Apart from writing: an app of customers needs no more."""
_Reading = Depends(require("ledger:read"))


def pay_links_router(
    *, open_unit: OpenUnit, queries: PayLinkQueries, terms: LinkTerms, clock: Clock
) -> APIRouter:
    """``/v1/accounts/{account_id}/pay-links`` and ``/v1/pay-links``."""
    router = APIRouter(prefix="/v1", tags=["pay links"])

    def as_out(link: PayLink) -> PayLinkOut:
        return PayLinkOut.of(link, state_of(link, keys=terms.keys, now=clock()))

    @router.post(
        "/accounts/{account_id}/pay-links",
        status_code=HTTPStatus.CREATED,
        responses=as_it_was(NewPayLinkOut),
    )
    async def make(
        account_id: UUID, body: PayLinkIn, key: IdempotencyKey, maker: _Maker, response: Response
    ) -> NewPayLinkOut:
        """Make a link by which anybody who has it may pay to the account, without a login. The same
        under the same key is answered 200, with the same link. Scope ``ledger:pay-links``."""
        asked = AskedLink(
            account_id=account_id,
            who=maker.subject,
            key=key,
            at=clock(),
            **body.model_dump(),
        )
        async with open_unit() as unit:
            link, token, is_new = await make_link(unit=unit, asked=asked, terms=terms)
        if not is_new:
            response.status_code = HTTPStatus.OK
        return NewPayLinkOut(url=terms.url_of(token), **as_out(link).model_dump())

    @router.get("/accounts/{account_id}/pay-links", dependencies=[_Reading])
    async def links(account_id: UUID, page: PageById) -> Page[PayLinkOut]:
        """Links of an account, the newest first, without what opens them."""
        rows = await queries.links(account_id, before=page.after, limit=page.rows_max)
        return page.of(rows, key=lambda row: row.id, item=as_out)

    @router.get("/pay-links/{link_id}", dependencies=[_Reading])
    async def link(link_id: UUID) -> PayLinkOut:
        """One of them."""
        return as_out(await _link(queries, link_id))

    @router.get("/pay-links/{link_id}/payments", dependencies=[_Reading])
    async def payments(link_id: UUID, page: PageById) -> Page[LinkPaymentOut]:
        """Payments begun by a link, the newest first, and which money came of them."""
        rows = await queries.payments(link_id, before=page.after, limit=page.rows_max)
        if not rows:
            await _link(queries, link_id)
        return page.of(rows, key=lambda row: row.id, item=LinkPaymentOut.of)

    @router.post("/pay-links/{link_id}/revoke")
    async def revoke(link_id: UUID, body: Reason, maker: _Maker) -> PayLinkOut:
        """Nothing more is begun by the link; what a payer was sent to pay before is credited all
        the same. The same again changes nothing. Scope ``ledger:pay-links``."""
        async with open_unit() as unit:
            revoked = await revoke_link(
                unit=unit, link_id=link_id, who=maker.subject, reason=body.reason, now=clock()
            )
        return as_out(revoked)

    return router


async def _link(queries: PayLinkQueries, link_id: UUID) -> PayLink:
    found = await queries.link(link_id)
    if found is None:
        message = f"there is no pay link {link_id}"
        raise UnknownPayLink(message)
    return found
