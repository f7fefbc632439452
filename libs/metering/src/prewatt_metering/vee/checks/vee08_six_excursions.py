"""VEE-08: six excursions within a week: mostly two devices that report under one id."""

from collections.abc import Sequence

from prewatt_metering.calendar.instants import DAY_US
from prewatt_metering.vee.findings import Check, Finding, Severity

CHECK = Check(
    check_id="VEE-08",
    name="six_excursions",
    severity=Severity.FAIL,
    says="The register left its path six times or more within seven days: look for two devices "
    "under one id. Nobody is cut until a person has looked.",
    values="excursions that are borne, excursions",
    unit="excursions",
    stops_cut=True,
)
EXCURSIONS_BORNE = 5
WINDOW_US = 7 * DAY_US


def six_excursions(*, meter: str, excursions_us: Sequence[int]) -> list[Finding]:
    """One finding for each unbroken stretch of weeks with six excursions or more in them.

    ``excursions_us`` are the instants at which they began, ascending: glitches that end, and the
    falls and rises that never did. A stretch that goes on keeps its beginning.
    """
    found: list[tuple[int, int]] = []  # places of the first and the last of a stretch
    for last in range(EXCURSIONS_BORNE, len(excursions_us)):
        first = last - EXCURSIONS_BORNE
        if excursions_us[last] - excursions_us[first] > WINDOW_US:
            continue
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return [
        CHECK.finding(
            meter=meter,
            begin_us=excursions_us[first],
            end_us=excursions_us[last],
            before=EXCURSIONS_BORNE,
            after=last - first + 1,
        )
        for first, last in found
    ]
