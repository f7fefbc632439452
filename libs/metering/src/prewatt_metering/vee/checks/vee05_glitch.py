"""VEE-05: readings that leave the register's path and come back to it are none.

Two forms. *A reading that was too high*: after a fall from b to r, the reading before b leads to r
by an ordinary step and what follows r stays below b; then b was wrong, not r. *An excursion*: after
a fall or a rise that cannot be, a later reading leads on from where the register stood; then all
between were wrong.
"""

from prewatt_metering.calendar.instants import DAY_US
from prewatt_metering.vee.findings import Check, Severity

CHECK = Check(
    check_id="VEE-05",
    name="glitch",
    severity=Severity.WARN,
    says="The register left its path here and came back to it; this reading does not count.",
    values="the trusted register before, the reading that does not count",
)

EXCURSION_MAX_US = 7 * DAY_US
UNOPENED_EXCURSION_MAX_US = DAY_US


def excursion_max_us(*, base_is_first: bool, first_is_given: bool) -> int:
    """How long an excursion lasts at most, from its first reading.

    Seven days; a day where nothing speaks for the register it left but one reading, the meter's
    first, that no opening register stands behind.
    """
    if base_is_first and not first_is_given:
        return UNOPENED_EXCURSION_MAX_US
    return EXCURSION_MAX_US
