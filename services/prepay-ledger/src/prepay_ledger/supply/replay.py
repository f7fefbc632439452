"""Stored decisions, decided again: what was stored with one must lead to the same one."""

from collections.abc import Mapping
from datetime import time, timedelta
from typing import Any

import msgspec

from prepay_ledger.supply.decide import POLICY_VERSION, Decision, Facts, Policy, decide


class OtherPolicyVersion(ValueError):
    """The decision was made by rules that this version of the code does not have."""


class _StoredPolicy(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    friendly_hours: tuple[tuple[time, time], ...]
    retry_after_s: int


class _Inputs(msgspec.Struct, frozen=True, kw_only=True):
    facts: Facts
    policy: _StoredPolicy


def inputs_of(*, facts: Facts, policy: Policy) -> dict[str, Any]:
    """All that a decision rests on, as JSON."""
    stored = _StoredPolicy(
        version=POLICY_VERSION,
        friendly_hours=policy.friendly_hours,
        retry_after_s=int(policy.retry_after.total_seconds()),
    )
    return msgspec.to_builtins(_Inputs(facts=facts, policy=stored))


def replay(inputs: Mapping[str, Any]) -> Decision:
    """The decision that stored inputs lead to. Raises `OtherPolicyVersion`."""
    stored = msgspec.convert(inputs, _Inputs)
    if stored.policy.version != POLICY_VERSION:
        message = f"decided by policy version {stored.policy.version}, this is {POLICY_VERSION}"
        raise OtherPolicyVersion(message)
    policy = Policy(
        friendly_hours=stored.policy.friendly_hours,
        retry_after=timedelta(seconds=stored.policy.retry_after_s),
    )
    return decide(facts=stored.facts, policy=policy)
