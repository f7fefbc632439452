"""Installations put right afterwards: a wrong register, a swap under the same id, a late move-out.

Each function gives the new set and the difference, with who and why; the sets that came in stay as
they were. Whatever was charged follows from the new set, in the days it belongs to.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import groupby, pairwise, takewhile

from prewatt_metering.registers.devices import is_same_device
from prewatt_metering.registers.installations import Installation


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Who put something right, when and why. Raises ValueError where that is not said."""

    by: str
    reason: str
    decided_us: int

    def __post_init__(self) -> None:
        if not self.by.strip() or not self.reason.strip():
            message = "a change of an installation needs the name of who decides and the reason"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationChange:
    """The set as it is now, what went and what came, and the decision behind it."""

    installations: frozenset[Installation]
    removed: frozenset[Installation]
    added: frozenset[Installation]
    decision: Decision


def correct_registers(
    *,
    installations: Iterable[Installation],
    wrong: Installation,
    opening_wh: int | None,
    closing_wh: int | None,
    decision: Decision,
) -> InstallationChange:
    """``wrong`` with these registers at its ends (none: not known)."""
    right = replace(wrong, opening_wh=opening_wh, closing_wh=closing_wh)
    return _change(installations, [wrong], [right], decision)


def move_out(
    *,
    installations: Iterable[Installation],
    installation: Installation,
    at_us: int,
    register_wh: int | None = None,
    next_account: str | None = None,
    decision: Decision,
) -> InstallationChange:
    """``installation`` ended at ``at_us``, whatever readings came since.

    ``register_wh``: what was read there; without it the energy is split by time. The meter's next
    installation begins there as well: the one that began where this one ended until now (which
    keeps its register where it is of another device), or a new one at ``next_account``; without
    either the meter serves nobody from then on.
    """
    known = list(installations)
    ended = replace(installation, to_us=at_us, closing_wh=register_wh)
    removed, added = [installation], [ended]
    following = _following(known, installation)
    if following is not None:
        removed.append(following)
        is_same = is_same_device(following, installation)
        opening_wh = register_wh if is_same else following.opening_wh
        added.append(replace(following, from_us=at_us, opening_wh=opening_wh))
    elif next_account is not None:
        added.append(
            replace(
                installation,
                account=next_account,
                from_us=at_us,
                to_us=None,
                opening_wh=register_wh,
                closing_wh=None,
            )
        )
    return _change(known, removed, added, decision)


def swap(
    *,
    installations: Iterable[Installation],
    installation: Installation,
    at_us: int,
    closing_wh: int | None,
    opening_wh: int,
    devices: tuple[str, str],
    decision: Decision,
) -> InstallationChange:
    """At ``at_us`` another device was hung under the same meter id.

    ``closing_wh``: the old one's last register (none: not read; what it counted since its last
    reading is lost). ``opening_wh``: the new one's first. ``devices``: their serial numbers, which
    installations before and after get as well that named none: where several hang under one meter
    id, each has to say whose readings are its own. Raises ValueError where the old device is
    another than is known.
    """
    if devices[0] == devices[1]:
        message = f"meter {installation.meter}: {devices[0]} was swapped for itself"
        raise ValueError(message)
    if installation.device not in {None, devices[0]}:
        message = f"meter {installation.meter}: {installation.device} hangs there, not {devices[0]}"
        raise ValueError(message)
    known = list(installations)
    before = replace(installation, to_us=at_us, closing_wh=closing_wh, device=devices[0])
    after = replace(installation, from_us=at_us, opening_wh=opening_wh, device=devices[1])
    earlier, later = _unnamed_around(known, installation)
    removed = [installation, *earlier, *later]
    added = [before, after]
    added += [replace(each, device=devices[0]) for each in earlier]
    added += [replace(each, device=devices[1]) for each in later]
    return _change(known, removed, added, decision)


def _unnamed_around(
    known: list[Installation], installation: Installation
) -> tuple[list[Installation], list[Installation]]:
    """The installations of the same meter that name no device, before and after ``installation``,
    as far as the next one that names one."""

    def beginning(each: Installation) -> int:
        return -1 if each.from_us is None else each.from_us

    def unnamed(some: Iterable[Installation]) -> list[Installation]:
        return list(takewhile(lambda each: each.device is None, some))

    ordered = sorted((each for each in known if each.meter == installation.meter), key=beginning)
    place = ordered.index(installation) if installation in ordered else 0
    return unnamed(reversed(ordered[:place])), unnamed(ordered[place + 1 :])


def _following(known: list[Installation], installation: Installation) -> Installation | None:
    """The installation of the same meter that begins where ``installation`` ends."""
    if installation.to_us is None:
        return None
    for each in known:
        if each.meter == installation.meter and each.from_us == installation.to_us:
            return each
    return None


def _change(
    installations: Iterable[Installation],
    removed: list[Installation],
    added: list[Installation],
    decision: Decision,
) -> InstallationChange:
    known = frozenset(installations)
    for each in removed:
        if each not in known:
            message = f"meter {each.meter} has no such installation at account {each.account}"
            raise ValueError(message)
    now = (known - frozenset(removed)) | frozenset(added)
    check_set(now)
    return InstallationChange(
        installations=now,
        removed=known - now,
        added=now - known,
        decision=decision,
    )


def check_set(installations: Iterable[Installation]) -> None:
    """Raises ValueError where one meter serves two places at once."""
    ordered = sorted(
        installations, key=lambda each: (each.meter, -1 if each.from_us is None else each.from_us)
    )
    for meter, group in groupby(ordered, key=lambda each: each.meter):
        for before, after in pairwise(group):
            if before.to_us is None or after.from_us is None or after.from_us < before.to_us:
                message = (
                    f"meter {meter} serves account {before.account} until {before.to_us} us and "
                    f"account {after.account} from {after.from_us} us: at once"
                )
                raise ValueError(message)
