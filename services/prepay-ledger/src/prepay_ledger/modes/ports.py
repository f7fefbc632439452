"""What other modules need of accounts' modes."""

from collections.abc import Collection, Mapping
from typing import NamedTuple, Protocol
from uuid import UUID

from prewatt_common.contracts.procedure_v1 import Mode


class UnderWay(NamedTuple):
    """A change that is neither made nor over."""

    change_id: UUID
    to: Mode


class ModeStore(Protocol):
    """How accounts pay."""

    async def put(self, account_id: UUID, mode: Mode) -> None:
        """The caller has the account locked."""
        ...

    async def under_way(self, account_ids: Collection[UUID]) -> Mapping[UUID, UnderWay]:
        """Of those of the accounts that are changing."""
        ...


class HasModes(Protocol):
    """A transaction that minds how accounts pay."""

    modes: ModeStore
