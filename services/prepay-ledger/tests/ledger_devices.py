"""Who owes, meters as they really are, and a policy by which nobody is cut at night."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from prepay_ledger.facts.values import Decided
from prepay_ledger.policies.publish_policy import draft_policy, publish_policy
from prepay_ledger.prepay_agreements.values import direct_terms, first_agreement
from prepay_ledger.unit import PostgresUnit
from prewatt_common.contracts.base import RelayAction, RelayState
from prewatt_common.contracts.supply_policy_v1 import policy_of

NIGHTS = {
    "title": "nobody is cut at night, and some are limited",
    "calendars": {"night": {"friendly_hours": [{"begin": "22:00", "end": "07:00"}]}},
    "default": {"calendar": "night", "commands": {"attempts_max": 5}},
    "classes": {
        f"limited_to_{watts}": {
            "calendar": "night",
            "commands": {"attempts_max": 5},
            "load_limit_w": watts,
        }
        for watts in (300, 600)
    },
}


@dataclass
class Household:
    """Someone who owes."""

    id: UUID
    balance_micro: int = 0
    overdraft_micro: int = 0
    protected: bool = False
    limit_w: int | None = None
    """Instead of a cut."""
    agreements: int = 0


@dataclass
class Device:
    """A meter as it really is, and what waits for it in the gateway: the newest command alone."""

    meter_id: str
    is_open: bool = False
    limit_w: int | None = None
    is_there: bool = True
    executed: int = 0
    waiting: dict[str, Any] | None = None
    ended: list[dict[str, Any]] = field(default_factory=list)


def relay_of(device: Device) -> RelayState:
    """As it would be read back."""
    if device.is_open:
        return RelayState.OPEN
    return RelayState.CLOSED if device.limit_w is None else RelayState.LIMITED


def takes_supply(command: dict[str, Any], device: Device) -> bool:
    """Whether a command takes supply away from it, and may come too late."""
    if command["action"] == RelayAction.LIMIT:
        had_w = 0 if device.is_open else device.limit_w
        return had_w is None or command["limit_w"] < had_w
    return command["action"] == RelayAction.DISCONNECT


async def publish_nights(unit: PostgresUnit, *, at: datetime) -> None:
    """By two people, unless a policy holds already."""
    if not (await unit.policies.book()).versions[-1].number:
        await publish(unit, NIGHTS, at=at)


async def publish(unit: PostgresUnit, policy: dict[str, Any], *, at: datetime) -> None:
    """By two people."""
    document = policy_of(policy)
    draft = await draft_policy(
        unit=unit,
        document=document,
        effective_from=None,
        decided=Decided(by="one", reason="test", at=at),
    )
    await publish_policy(
        unit=unit, policy_id=draft.id, decided=Decided(by="another", reason="test", at=at)
    )


async def sign_directly(unit: PostgresUnit, household: Household, *, at: datetime) -> None:
    """A complete agreement under the procedure without steps, of the class that `limit_w` says."""
    terms = direct_terms(number=str(household.id), low_balance_micro=5, overdraft_micro=0, at=at)
    if household.limit_w is not None:
        terms = replace(terms, customer_class=f"limited_to_{household.limit_w}")
    signed = Decided(by="one", reason="test", at=at)
    household.agreements += 1
    agreement = first_agreement(household.id, terms, signed)
    await unit.prepay_agreements.add([replace(agreement, version=household.agreements)])
