"""Stored decisions, decided again: what was stored with one must lead to the same one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from prepay_ledger.relays.values import Relay
from prepay_ledger.supply.decide import Facts, Rules
from prepay_ledger.supply.settle import Settled, resting, settle

CODE_VERSION = 6
"""Of `settle`: another one where it decides otherwise from the same inputs."""


class OtherCodeVersion(ValueError):
    """The decision was made by code that this version of Prewatt does not have."""


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """All that a decision rests on. ``relays``: those that were not where they should be."""

    facts: Facts
    relays: tuple[Relay, ...]
    rules: Rules
    now: datetime
    code: int = CODE_VERSION


def inputs_of(
    *,
    facts: Facts,
    relays: Sequence[Relay],
    settled: Settled,
    rules: Rules,
    now: datetime,
) -> dict[str, Any]:
    """The inputs as JSON: an account of thousands of meters keeps those that are concerned."""
    at_rest = resting(settled.moved, relays)
    concerned = tuple(
        relay for relay, is_resting in zip(relays, at_rest, strict=True) if not is_resting
    )
    return msgspec.to_builtins(Inputs(facts=facts, relays=concerned, rules=rules, now=now))


def replay(inputs: Mapping[str, Any]) -> Settled:
    """What stored inputs lead to. Raises `OtherCodeVersion`."""
    version = inputs["code"]
    if version != CODE_VERSION:
        message = f"decided by version {version} of the code, this is {CODE_VERSION}"
        raise OtherCodeVersion(message)
    stored = msgspec.convert(inputs, Inputs)
    return settle(stored.facts, stored.relays, rules=stored.rules, now=stored.now)
