"""Keys that commands are signed with, and what a meter is told of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from prepay_ledger.facts.values import Decided
from prewatt_common.contracts.base import KeyAction

NOT_RETIRED_MAX = 2
"""A meter holds so many: the one that commands are signed with, and the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandKey:
    """A key; its private part is in the settings alone."""

    key_id: str
    public_key: str
    """The 32 bytes of RFC 8032, base64url."""
    added: Decided
    rolled: Decided | None = None
    """From here on meters are told of it."""
    retired: Decided | None = None
    """From here on meters are told to drop it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """All keys, in the order in which they were added."""

    all: Sequence[CommandKey]

    def of(self, key_id: str) -> CommandKey | None:
        """One, or none."""
        return next((each for each in self.all if each.key_id == key_id), None)

    @property
    def standing(self) -> Sequence[CommandKey]:
        """Those that are not retired."""
        return [each for each in self.all if each.retired is None]

    @property
    def rolled(self) -> Sequence[CommandKey]:
        """Those of them that meters are told of."""
        return [each for each in self.standing if each.rolled is not None]

    @property
    def newest(self) -> CommandKey | None:
        """What every meter is to hold in the end; none before the first rotation."""
        return self.rolled[-1] if self.rolled else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The last key message to a meter."""

    sequence: int
    action: KeyAction
    key_id: str
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterKeys:
    """What a serving meter has told that it holds, since when, and what it was told last."""

    meter_id: str
    held: Mapping[str, datetime]
    """Key id to when the meter first told of it. Empty: it has told of none, and holds the one that
    meters are made with."""
    asked: Asked | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToTell:
    """What a meter is to be told of a key."""

    action: KeyAction
    key_id: str
    signed_by: str | None
    """None: by the key that meters are made with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyOfMeters:
    """A key, and how many of the meters that serve hold it."""

    key: CommandKey
    meters: int


NAMED_MAX = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """The serving meters that have not acknowledged a key."""

    serving: int
    """How many meters serve."""
    missing: int
    first: Sequence[str]
    """The first ten of those, by their ids."""
