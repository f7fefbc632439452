"""Many events of one kind in one record, as an import tells them, on ``ledger.events.v1`` and
``ledger.facts.v1``.

Each means what it means alone in a record. The keys that they would have there share a partition,
so that what is told of one of them later comes after it; the record's key is the first one's. An
event's id is the name-based UUID (RFC 9562, version 5) of the record's ``ce_id`` and the event's
JSON.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

import msgspec

from prewatt_common.contracts.base import Event
from prewatt_common.contracts.cut_facts_v1 import PrepayAgreementSigned
from prewatt_common.contracts.ledger_events_v1 import AccountOpened
from prewatt_common.contracts.ledger_facts_v1 import (
    AgreementSet,
    InstallationSet,
    MeterRegistered,
)

GATHERED_MAX = 50
"""Of one record. It has nearly all of what gathering saves, and a reader's batch of records stays
of a size that its memory has room for."""
_SOME = msgspec.Meta(min_length=1, max_length=GATHERED_MAX)


class Gathered(Event, frozen=True, kw_only=True):
    """Some events of the kind ``of``, in the order in which they were told."""

    of: ClassVar[type[Event]]

    events: Sequence[Event]


class AccountsOpened(Gathered, frozen=True, kw_only=True):
    """Accounts exist. Key: one of the accounts."""

    ce_type: ClassVar[str] = "prewatt.ledger.accounts-opened.v1"
    of: ClassVar[type[Event]] = AccountOpened

    events: Annotated[tuple[AccountOpened, ...], _SOME]


class AgreementsSet(Gathered, frozen=True, kw_only=True):
    """Accounts are charged by tariffs. Key: one of the accounts."""

    ce_type: ClassVar[str] = "prewatt.ledger.agreements-set.v1"
    of: ClassVar[type[Event]] = AgreementSet

    events: Annotated[tuple[AgreementSet, ...], _SOME]


class InstallationsSet(Gathered, frozen=True, kw_only=True):
    """Meters serve accounts. Key: one of the meters."""

    ce_type: ClassVar[str] = "prewatt.ledger.installations-set.v1"
    of: ClassVar[type[Event]] = InstallationSet

    events: Annotated[tuple[InstallationSet, ...], _SOME]


class MetersRegistered(Gathered, frozen=True, kw_only=True):
    """What is known of meters. Key: one of the meters."""

    ce_type: ClassVar[str] = "prewatt.ledger.meters-registered.v1"
    of: ClassVar[type[Event]] = MeterRegistered

    events: Annotated[tuple[MeterRegistered, ...], _SOME]


class PrepayAgreementsSigned(Gathered, frozen=True, kw_only=True):
    """What customers have signed about prepayment and cuts. Key: one of the accounts."""

    ce_type: ClassVar[str] = "prewatt.ledger.prepay-agreements-signed.v1"
    of: ClassVar[type[Event]] = PrepayAgreementSigned

    events: Annotated[tuple[PrepayAgreementSigned, ...], _SOME]


GATHERED: Mapping[type[Event], type[Gathered]] = {
    each.of: each
    for each in (
        AccountsOpened,
        AgreementsSet,
        InstallationsSet,
        MetersRegistered,
        PrepayAgreementsSigned,
    )
}
"""By the kind that each holds."""
