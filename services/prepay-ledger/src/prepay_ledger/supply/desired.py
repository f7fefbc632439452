"""Where each relay of an account should be: pure."""

from typing import NamedTuple

from prepay_ledger.relays.values import Desired, Observed, Relay
from prepay_ledger.supply.decide import Decision, Facts, Rules


class Wanted(NamedTuple):
    """Where a relay should be; ``limit_w``: where limited, to how many watts."""

    relay: Desired
    limit_w: int | None = None


def wanted(relay: Relay, *, facts: Facts, decision: Decision, rules: Rules) -> Wanted:
    """``relay``: as it is now. By agreement, what is open is closed by the customer alone: then it
    stays open, where others come to be limited."""
    due = Wanted(Desired.ARMED if facts.confirms else Desired.CLOSED)
    if not decision.is_off:
        return due
    if _is_called_back(relay, decision):
        was_w = relay.observed_limit_w
        return due if was_w is None else Wanted(Desired.LIMITED, was_w)
    is_open = relay.observed in (Observed.OPEN, Observed.ARMED)
    if rules.load_limit_w is None or (facts.confirms and is_open):
        return Wanted(Desired.OPEN)
    return Wanted(Desired.LIMITED, rules.load_limit_w)


def is_cut_out(relay: Relay) -> bool:
    """What is on its way takes supply away."""
    outstanding = relay.outstanding
    return outstanding is not None and relay.loses_supply(outstanding.action, outstanding.limit_w)


def _is_called_back(relay: Relay, decision: Decision) -> bool:
    """A cut that is out, or may have been made unseen, when something begins to hold it. A relay
    that was read back open before stays so, and a limit as it was."""
    may_open = is_cut_out(relay) or relay.observed is Observed.UNKNOWN
    return bool(decision.held) and relay.observed is not Observed.OPEN and may_open
