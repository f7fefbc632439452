"""The API of contacts: who is reached how, what they want to be told, and whom they have named."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from fastapi import APIRouter

from notifier.contacts.api import contacts_router
from notifier.contacts.api_consents import consents_router
from notifier.contacts.api_nominated import nominated_router
from notifier.contacts.ports import ConsentStore, ContactStore
from notifier.contacts.postgres import open_contacts
from notifier.contacts.postgres_consents import open_consents
from notifier.contacts.set_consents import SetConsents
from notifier.notices.forget_customer import ForgetCustomer
from notifier.notices.nominate import EndNomination, FindNominated, NominatePerson
from notifier.notices.ports import CustomerRecords
from notifier.notices.postgres_customers import open_customer_records
from notifier.settings import NotifierSettings
from prewatt_common.clock import utc_now
from prewatt_common.db.database import Database


def contacts_routers(
    settings: NotifierSettings, database: Database, *, set_consents: SetConsents
) -> Sequence[APIRouter]:
    """As the settings say."""

    def contacts() -> AbstractAsyncContextManager[ContactStore]:
        return open_contacts(database)

    def consents() -> AbstractAsyncContextManager[ConsentStore]:
        return open_consents(database)

    def records() -> AbstractAsyncContextManager[CustomerRecords]:
        return open_customer_records(database)

    return [
        contacts_router(
            open_contacts=contacts, forget=ForgetCustomer(open_records=records, clock=utc_now)
        ),
        nominated_router(
            find=FindNominated(open_records=records),
            nominate=NominatePerson(open_records=records, clock=utc_now),
            end=EndNomination(open_records=records, clock=utc_now),
        ),
        consents_router(
            open_consents=consents,
            set_consents=set_consents,
            refusable=settings.refusable_purposes,
        ),
    ]
