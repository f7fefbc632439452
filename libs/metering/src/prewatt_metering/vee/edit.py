"""Edits: what a person sets, removes or restores, with name and reason. Nothing is lost by one."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from prewatt_metering.registers.readings import Quality, Reading


class EditKind(StrEnum):
    """set: this register counts at the instant. remove: none does. restore: as it came."""

    SET = "set"
    REMOVE = "remove"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A person's decision about the readings of ``meter`` at ``at_us``.

    ``register_wh`` goes with set only. Of several edits of one instant the one decided last counts.
    Raises ValueError for an edit without name or reason, or one that contradicts itself.
    """

    edit_id: str
    meter: str
    at_us: int
    kind: EditKind
    register_wh: int | None = None
    by: str
    reason: str
    decided_us: int

    def __post_init__(self) -> None:
        if not self.by.strip() or not self.reason.strip():
            self._refuse("needs the name of who decides and the reason")
        if (self.kind is EditKind.SET) != (self.register_wh is not None):
            self._refuse(f"is a {self.kind} with register {self.register_wh}; only a set has one")
        if self.register_wh is not None and self.register_wh < 0:
            self._refuse(f"sets the register to {self.register_wh} Wh, which is negative")

    def _refuse(self, why: str) -> None:
        message = f"edit {self.edit_id} of meter {self.meter}: {why}"
        raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstantHistory:
    """What is known of one instant: all that came, every edit in order, and what counts now."""

    raw: tuple[Reading, ...]
    edits: tuple[Edit, ...]
    counts: tuple[Reading, ...]


def edited(*, readings: Iterable[Reading], edits: Iterable[Edit]) -> list[Reading]:
    """The readings that trust is to see, ascending: ``readings`` with ``edits`` applied.

    A function of both sets: order and repetition change nothing, and a reading that comes after the
    edit of its instant does not undo it. Raises ValueError for one edit id with two contents.
    """
    last = {at_us: some[-1] for at_us, some in _by_instant(edits).items()}
    untouched = [
        each
        for each in readings
        if each.at_us not in last or last[each.at_us].kind is EditKind.RESTORE
    ]
    put = [
        Reading(each.at_us, each.register_wh, Quality.EDITED)
        for each in last.values()
        if each.register_wh is not None
    ]
    return sorted(untouched + put)


def history(*, at_us: int, readings: Iterable[Reading], edits: Iterable[Edit]) -> InstantHistory:
    """Everything about one instant, for a person."""
    raw = sorted({each for each in readings if each.at_us == at_us})
    here = [each for each in edits if each.at_us == at_us]
    return InstantHistory(
        raw=tuple(raw),
        edits=tuple(_by_instant(here).get(at_us, [])),
        counts=tuple(edited(readings=raw, edits=here)),
    )


def _by_instant(edits: Iterable[Edit]) -> dict[int, list[Edit]]:
    """Distinct edits by instant, in the order in which they were decided."""
    by_id: dict[str, Edit] = {}
    for each in edits:
        if by_id.setdefault(each.edit_id, each) != each:
            message = f"edit {each.edit_id} of meter {each.meter} came with two contents"
            raise ValueError(message)
    found: dict[int, list[Edit]] = {}
    for each in sorted(by_id.values(), key=lambda one: (one.decided_us, one.edit_id)):
        found.setdefault(each.at_us, []).append(each)
    return found
