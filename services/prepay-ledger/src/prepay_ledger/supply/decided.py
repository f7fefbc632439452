"""An account as it was decided about, in the transaction that carries it out."""

from typing import NamedTuple
from uuid import UUID

from prepay_ledger.supply.decide import Facts, warning
from prepay_ledger.supply.grounds import Grounds
from prepay_ledger.supply.settle import Settled
from prepay_ledger.supply.values import SupplyView


class Decided(NamedTuple):
    """A decision with what it rests on. ``view``: the account and its relays as they are stored."""

    id: UUID
    view: SupplyView
    grounds: Grounds
    facts: Facts
    settled: Settled

    @property
    def changes(self) -> bool:
        """The state, or what is asked of a relay: it is stored and told."""
        return self.settled.state is not self.facts.state or self.settled.action is not None

    @property
    def is_held_anew(self) -> bool:
        """What holds its cut is another than before: it is stored, so that it can be explained."""
        return self.settled.held != self.view.held

    @property
    def warns(self) -> bool:
        """The customer is told of a limit."""
        return warning(self.facts) is not None

    @property
    def cuts(self) -> bool:
        """Supply is to be taken away now."""
        return self.settled.cuts
