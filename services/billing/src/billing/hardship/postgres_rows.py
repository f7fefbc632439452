"""Flags between values and rows of PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import msgspec

from billing.hardship.policy import HardshipPolicy, read_policy
from billing.hardship.ports import Published
from billing.hardship.values import (
    Acknowledgement,
    Action,
    Doubt,
    EndedBy,
    Evidence,
    Flag,
    Level,
)

FLAG_COLUMNS = (
    "id", "account_id", "level", "doubts", "evidence", "first_day", "last_true_day",
    "policy_version", "raised_at", "ended_day", "ended_by",
)  # fmt: skip
_evidence = msgspec.json.Decoder(list[Evidence]).decode


def evidence_text(evidence: Sequence[Evidence]) -> str:
    """As it is kept."""
    return msgspec.json.encode(list(evidence), order="sorted").decode()


def row_of(flag: Flag) -> tuple[object, ...]:
    """In the order of `FLAG_COLUMNS`."""
    return (
        flag.id, flag.account_id, flag.level, list(flag.doubts), evidence_text(flag.evidence),
        flag.first_day, flag.last_true_day, flag.policy_version, flag.raised_at, flag.ended_day,
        flag.ended_by,
    )  # fmt: skip


def flag_of(row: asyncpg.Record) -> Flag:
    """Of a row with `FLAG_COLUMNS`."""
    return Flag(
        id=row["id"],
        account_id=row["account_id"],
        level=Level(row["level"]),
        doubts=[Doubt(each) for each in row["doubts"]],
        evidence=_evidence(row["evidence"]),
        first_day=row["first_day"],
        last_true_day=row["last_true_day"],
        policy_version=row["policy_version"],
        raised_at=row["raised_at"],
        ended_day=row["ended_day"],
        ended_by=None if row["ended_by"] is None else EndedBy(row["ended_by"]),
    )


def acknowledgement_of(row: asyncpg.Record | Mapping[str, Any]) -> Acknowledgement:
    """Of a whole row."""
    return Acknowledgement(
        id=row["id"],
        flag_id=row["flag_id"],
        at=row["at"],
        by=row["by"],
        action=Action(row["action"]),
        note=row["note"],
    )


def published_of(row: asyncpg.Record) -> Published:
    """Of a whole row."""
    policy: HardshipPolicy = read_policy(row["document"])
    return Published(
        row["version"], policy, row["published_at"], row["published_by"], row["reason"]
    )
