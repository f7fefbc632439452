"""The ledger's routes by which somebody without a login pays."""

from contextlib import AbstractAsyncContextManager

from fastapi import APIRouter

from prepay_ledger.checkouts.configured import Checkouts
from prepay_ledger.pay_links.api import pay_links_router
from prepay_ledger.pay_links.api_pages import pay_pages_router
from prepay_ledger.pay_links.begin_payment import BeginPayment
from prepay_ledger.pay_links.draw_page import DrawPage
from prepay_ledger.pay_links.postgres_queries import PayLinkQueries
from prepay_ledger.pay_links.texts import TEXTS
from prepay_ledger.settings import LedgerSettings
from prepay_ledger.unit import PostgresUnit, open_unit
from prewatt_common.clock import utc_now
from prewatt_common.db.database import Database


def link_routers(
    *, settings: LedgerSettings, database: Database, checkouts: Checkouts
) -> list[APIRouter]:
    """Of pay links, and of the pages that they open."""
    terms = settings.link_terms

    def units() -> AbstractAsyncContextManager[PostgresUnit]:
        return open_unit(database)

    def title_of(language: str) -> str:
        return f"{TEXTS[language]['title']} – {settings.utility_name}"

    return [
        pay_links_router(
            open_unit=units, queries=PayLinkQueries(database), terms=terms, clock=utc_now
        ),
        pay_pages_router(
            open_unit=units,
            begin_payment=BeginPayment(
                open_unit=units,
                checkouts=checkouts,
                terms=terms,
                title_of=title_of,
                clock=utc_now,
            ),
            draw=DrawPage(
                utility=settings.utility_name,
                ways={name: checkout.labels for name, checkout in checkouts.items()},
            ),
            page_origins=tuple(
                origin for checkout in checkouts.values() for origin in checkout.page_origins
            ),
            terms=terms,
            clock=utc_now,
            proxy_hops=settings.trusted_proxy_hops,
        ),
    ]
