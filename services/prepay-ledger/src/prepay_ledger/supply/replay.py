"""Stored decisions, decided again: what was stored with one must lead to the same one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from prepay_ledger.relays.values import Relay
from prepay_ledger.supply.decide import Facts
from prepay_ledger.supply.settle import POLICY_VERSION, Policy, Settled, resting, settle


class OtherPolicyVersion(ValueError):
    """The decision was made by rules that this version of the code does not have."""


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """All that a decision rests on. ``relays``: those that were not where they should be."""

    facts: Facts
    relays: tuple[Relay, ...]
    policy: Policy
    now: datetime


def inputs_of(
    *,
    facts: Facts,
    relays: Sequence[Relay],
    settled: Settled,
    policy: Policy,
    now: datetime,
) -> dict[str, Any]:
    """The inputs as JSON: an account of thousands of meters keeps those that are concerned."""
    at_rest = resting(settled.moved, relays)
    concerned = tuple(
        relay for relay, is_resting in zip(relays, at_rest, strict=True) if not is_resting
    )
    return msgspec.to_builtins(Inputs(facts=facts, relays=concerned, policy=policy, now=now))


def replay(inputs: Mapping[str, Any]) -> Settled:
    """What stored inputs lead to. Raises `OtherPolicyVersion`."""
    version = inputs["policy"]["version"]
    if version != POLICY_VERSION:
        message = f"decided by policy version {version}, this is {POLICY_VERSION}"
        raise OtherPolicyVersion(message)
    stored = msgspec.convert(inputs, Inputs)
    return settle(stored.facts, stored.relays, policy=stored.policy, now=stored.now)
