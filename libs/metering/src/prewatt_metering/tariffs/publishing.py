"""Whether a version may be published or corrected, and whom that would touch.

A day that is charged already keeps its prices: what was wrong there is put right by a correction
run, in the open and, where it harms many, with a second person.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from prewatt_metering.tariffs.book import LASTING_FIELDS, TariffBook
from prewatt_metering.tariffs.document import InvalidTariff, TariffVersion, canonical
from prewatt_metering.tariffs.periods import period_of

_DAY = timedelta(days=1)
ALONE_ACCOUNTS_MAX = 100
ALONE_SHARE_MAX_PPM = 10_000


class PublicationRefused(Exception):
    """The version may not be published as it is; the message says why and what to do instead."""


def check_publication(
    *, book: TariffBook | None, version: TariffVersion, charged_upto: date | None, today: date
) -> TariffBook:
    """The book with ``version`` in it. ``charged_upto``: the last local day on which anybody may
    have been charged under this code, none if nobody was. Raises `PublicationRefused`.

    The same version again changes nothing and is no error.
    """
    if book is None:
        grown = TariffBook([version])
    else:
        known = {each.valid_from: each for each in book.versions}.get(version.valid_from)
        if known is not None and canonical(known) != canonical(version):
            message = (
                f"{version.code} has a version from {version.valid_from} already, and a version is"
                " never changed; publish one from a later day, or correct it by a correction run"
            )
            raise PublicationRefused(message)
        try:
            grown = book.with_version(version)
        except InvalidTariff as error:
            raise PublicationRefused(str(error)) from error
        if grown is book:
            return book
    if charged_upto is not None and version.valid_from <= charged_upto:
        message = (
            f"{version.code} may be charged up to {charged_upto} already; a version from"
            f" {version.valid_from} would change what was told. Publish from a later day, or"
            " begin a correction run"
        )
        raise PublicationRefused(message)
    begins = period_of(version.valid_from, cycle=version.cycle).first
    if begins <= today and version.valid_from != begins and _prorates(grown, version):
        message = (
            f"a version that prorates its blocks, or follows one that does, must be published"
            f" before the period of {begins} begins"
        )
        raise PublicationRefused(message)
    return grown


def check_correction(*, book: TariffBook, version: TariffVersion) -> TariffBook:
    """The book with ``version`` in place of the one of the same day. Raises `PublicationRefused`.

    Time of use stays: what was used is kept by its names, and a correction changes prices only.
    """
    wrong = {each.valid_from: each for each in book.versions}.get(version.valid_from)
    if wrong is None:
        days = ", ".join(str(each.valid_from) for each in book.versions)
        message = (
            f"{version.code} has no version from {version.valid_from}; a correction replaces the"
            f" document of one there is: {days}"
        )
        raise PublicationRefused(message)
    if canonical(wrong) == canonical(version):
        message = f"{version.code} from {version.valid_from} says the same: nothing is corrected"
        raise PublicationRefused(message)
    if wrong.time_of_use != version.time_of_use:
        message = (
            f"{version.code} from {version.valid_from} has other times of use: a correction changes"
            " prices and keeps those; publish a version from a later day"
        )
        raise PublicationRefused(message)
    for field in LASTING_FIELDS:
        if getattr(version, field) != getattr(wrong, field):
            message = (
                f"{version.code} from {version.valid_from} has another {field}: that needs a tariff"
                " of its own"
            )
            raise PublicationRefused(message)
    return TariffBook([*(each for each in book.versions if each is not wrong), version])


def _prorates(book: TariffBook, version: TariffVersion) -> bool:
    """Whether blocks of ``version`` or of the one before it depend on how many of the period's days
    are its own: a later version takes some of them away."""
    if version.prorate:
        return True
    before = version.valid_from - _DAY
    return before >= book.versions[0].valid_from and book.version_of(before).prorate


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """An account before and after a change of prices, in micro-units of its currency."""

    account_id: str
    balance_micro: int
    charge_micro: int
    new_charge_micro: int
    apart_micro: int = 0
    """What of the difference the balance is not asked for: it is owed apart, or written off."""

    @property
    def new_balance_micro(self) -> int:
        """What would be left."""
        return self.balance_micro + self.charge_micro - self.new_charge_micro + self.apart_micro


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """Whom a change of prices touches and how much: looked at before it is published."""

    accounts: int
    dearer: int
    cheaper: int
    difference_micro: int
    apart_micro: int
    """What of it balances are not asked for."""
    newly_negative: tuple[Touched, ...]

    @property
    def needs_second_person(self) -> bool:
        """More than a hundred, or more than one in a hundred, would fall below zero."""
        count = len(self.newly_negative)
        return count > ALONE_ACCOUNTS_MAX or count * 1_000_000 > ALONE_SHARE_MAX_PPM * self.accounts

    def __add__(self, other: "Impact") -> "Impact":
        """Of these accounts and of others."""
        return Impact(
            accounts=self.accounts + other.accounts,
            dearer=self.dearer + other.dearer,
            cheaper=self.cheaper + other.cheaper,
            difference_micro=self.difference_micro + other.difference_micro,
            apart_micro=self.apart_micro + other.apart_micro,
            newly_negative=self.newly_negative + other.newly_negative,
        )


def impact_of(accounts: Iterable[Touched]) -> Impact:
    """The preview of a version or of a correction run."""
    count = dearer = cheaper = difference = apart = 0
    negative: list[Touched] = []
    for each in accounts:
        count += 1
        change = each.new_charge_micro - each.charge_micro
        dearer += change > 0
        cheaper += change < 0
        difference += change
        apart += each.apart_micro
        if each.balance_micro >= 0 > each.new_balance_micro:
            negative.append(each)
    return Impact(
        accounts=count,
        dearer=dearer,
        cheaper=cheaper,
        difference_micro=difference,
        apart_micro=apart,
        newly_negative=tuple(negative),
    )
