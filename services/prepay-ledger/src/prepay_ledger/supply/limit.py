"""The load limit that an account is told of."""

from collections.abc import Iterable

from prepay_ledger.relays.values import Relay
from prepay_ledger.supply.decide import Rules


def limit_of(rules: Rules, relays: Iterable[Relay]) -> int | None:
    """By the policy, W; where that has none any more, what its relays are still limited to, the
    lowest of them. None: no limit is known."""
    still = (each.observed_limit_w for each in relays if each.observed_limit_w is not None)
    return rules.load_limit_w or min(still, default=None)
