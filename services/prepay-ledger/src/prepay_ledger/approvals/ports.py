"""What proposing and deciding need."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from prepay_ledger.approvals.values import ActKind, DoneAlone, Outcome, Proposal, SoleAct
from prepay_ledger.facts.values import Decided


class ProposalStore(Protocol):
    """Proposals and what was decided about them: written once, never changed."""

    async def find(self, proposal_id: UUID) -> Proposal | None: ...
    async def by_key(self, kind: ActKind, key: str, *, who: str) -> Proposal | None:
        """The one that ``who`` proposed under that Idempotency-Key."""
        ...

    async def waiting(self, kind: ActKind, subject: str, *, now: datetime) -> Proposal | None:
        """The one that nobody has decided about and that has not expired at ``now``."""
        ...

    async def add(self, proposal: Proposal) -> bool:
        """False where the same person used the key for another one."""
        ...

    async def done_alone(
        self, who: str, *, currency: str, about: Sequence[str], since: datetime
    ) -> DoneAlone:
        """What the person did alone since then in that currency; of what it is about the most.
        Nobody else counts or adds for the person until the transaction ends."""
        ...

    async def add_sole(self, act: SoleAct) -> None: ...
    async def decide(self, proposal_id: UUID, outcome: Outcome) -> bool:
        """Whether nobody had decided before; waits for whoever is deciding. The proposal is the
        caller's from then on, until the transaction ends."""
        ...


class HasProposals(Protocol):
    """A transaction in which acts are proposed."""

    proposals: ProposalStore


UnitT = TypeVar("UnitT", bound=HasProposals)
UnitT_contra = TypeVar("UnitT_contra", bound=HasProposals, contravariant=True)


class CarryOut(Protocol[UnitT_contra]):
    """Does what was proposed, in the transaction of its approval."""

    async def __call__(self, unit: UnitT_contra, proposal: Proposal, *, approved: Decided) -> None:
        """Checks first what may have changed since it was proposed. Raises a `Refusal`, by which
        nothing is done and the proposal goes on waiting."""
        ...


OpenUnit = Callable[[], AbstractAsyncContextManager[UnitT]]
"""Begins a transaction; it commits at the end, and does not where anything raises."""
