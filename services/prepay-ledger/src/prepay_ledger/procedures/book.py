"""Every version of every procedure, and which is in force: pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from prepay_ledger.procedures.values import DIRECT, PublishedProcedure, Whose, calendar_of, whose
from prewatt_common.contracts.procedure_v1 import ANY_CLASS, Mode
from prewatt_metering.calendar.instants import us_of


class ProcedureBook:
    """Procedures as they were published, and `DIRECT`, which always was."""

    def __init__(self, published: Iterable[PublishedProcedure] = ()) -> None:
        self._of: dict[Whose, list[PublishedProcedure]] = {
            whose(DIRECT): [PublishedProcedure(version=0, procedure=DIRECT)]
        }
        for each in sorted(published, key=lambda one: one.version):
            self._of.setdefault(whose(each.procedure), []).append(each)

    def last(self, of: Whose) -> PublishedProcedure | None:
        """The version that was published last, whether it has begun or not."""
        versions = self._of.get(of)
        return versions[-1] if versions else None

    def cited(self, text: str) -> PublishedProcedure | None:
        """The version that is cited so."""
        for versions in self._of.values():
            for version in versions:
                if str(version) == text:
                    return version
        return None

    @property
    def versions(self) -> Iterator[PublishedProcedure]:
        """All."""
        return (each for some in self._of.values() for each in some)

    def knows(self, *, jurisdiction: str, customer_class: str, mode: Mode) -> bool:
        """Whether such customers have a procedure, be it one that is yet to begin."""
        return any((jurisdiction, each, mode) in self._of for each in (customer_class, ANY_CLASS))

    def begun(self, at: datetime) -> int:
        """How many versions have begun by then."""
        return sum(
            _begins_us(version) <= us_of(at) for some in self._of.values() for version in some
        )

    def in_force(
        self, *, jurisdiction: str, customer_class: str, mode: Mode, at: datetime
    ) -> PublishedProcedure | None:
        """The version of the customers' own class that has begun last by ``at``, by the local day
        of its zone; where their class has none, that of `ANY_CLASS`."""
        for each in (customer_class, ANY_CLASS):
            for version in reversed(self._of.get((jurisdiction, each, mode), ())):
                if _begins_us(version) <= us_of(at):
                    return version
        return None


def _begins_us(version: PublishedProcedure) -> int:
    of = version.procedure
    return calendar_of(of.timezone).first_instant_us(of.valid_from)
