"""Every policy version that was published, and which holds when: pure."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

from prepay_ledger.facts.values import Decided
from prepay_ledger.policies.in_force import PolicyInForce
from prepay_ledger.policies.values import PolicyVersion
from prewatt_common.contracts.supply_policy_v1 import SupplyPolicy, sha256_of

_ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
_BY_US = Decided(by="prewatt", reason="holds until a utility publishes its own", at=_ALWAYS)
_DOCUMENT = SupplyPolicy(title="Built in: no friendly hours; findings and parked meters hold a cut")
BUILT_IN = PolicyVersion(
    id=UUID(int=0),
    number=0,
    document=_DOCUMENT,
    sha256=sha256_of(_DOCUMENT),
    effective_from=_ALWAYS,
    drafted=_BY_US,
    published=_BY_US,
)
"""What holds where nobody has published anything."""


class PolicyBook:
    """The versions, the built-in one the first.

    Of several the one with the latest ``effective_from`` holds, and of these the one that was
    published last. None is published for a time that is past, so what held at an instant that is
    past stays what it was.
    """

    def __init__(self, versions: Iterable[PolicyVersion]) -> None:
        by_begin = {BUILT_IN.effective_from: BUILT_IN}
        for each in sorted(versions, key=lambda version: version.number):
            by_begin[each.effective_from] = each
        self._begins = sorted(by_begin)
        self._holding = [by_begin[begin] for begin in self._begins]
        self._of_class: dict[tuple[int, str], PolicyInForce] = {}

    def version(self, at: datetime) -> PolicyVersion:
        """The one that holds at an instant of the years 2000 to 2099."""
        number = bisect_right(self._begins, at)
        assert number > 0, f"{at} is before all policies"
        return self._holding[number - 1]

    def in_force(self, customer_class: str, *, at: datetime) -> PolicyInForce:
        """What it says to a class; one that it does not name has the document's default."""
        version = self.version(at)
        key = version.number, customer_class
        known = self._of_class.get(key)
        if known is None:
            terms = version.document.of_class(customer_class)
            calendar = (
                None if terms.calendar is None else version.document.calendars[terms.calendar]
            )
            known = self._of_class[key] = PolicyInForce(
                number=version.number,
                customer_class=customer_class,
                terms=terms,
                calendar=calendar,
            )
        return known

    def warns(self, number: int) -> bool:
        """Whether a version that holds at some time warns by limits of its own."""
        return any(each.document.warns for each in self._holding if each.number == number)

    def next_change(self, after: datetime) -> datetime | None:
        """When another version comes to hold next, as far as any is published."""
        number = bisect_right(self._begins, after)
        return self._begins[number] if number < len(self._begins) else None

    def within(self, begin: datetime, end: datetime) -> Sequence[PolicyVersion]:
        """Those that hold at some instant of [``begin``, ``end``)."""
        first = max(bisect_right(self._begins, begin) - 1, 0)
        return [
            each
            for at, each in zip(self._begins[first:], self._holding[first:], strict=True)
            if at < end
        ]

    @property
    def versions(self) -> Sequence[PolicyVersion]:
        """Those that hold at some time, in the order in which they do."""
        return self._holding
