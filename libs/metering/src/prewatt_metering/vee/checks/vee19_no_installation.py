"""VEE-19: readings that no installation covers: nobody is charged for what they show."""

from collections.abc import Sequence
from itertools import groupby

from prewatt_metering.registers.installations import Installation
from prewatt_metering.registers.readings import Reading
from prewatt_metering.vee.findings import Check, Finding, Severity

CHECK = Check(
    check_id="VEE-19",
    name="no_installation",
    severity=Severity.WARN,
    says="The meter reports and is installed nowhere at that time: nobody is charged for it.",
    values="register of the first such reading, of the last",
)


def no_installation(
    *, meter: str, readings: Sequence[Reading], installations: Sequence[Installation]
) -> list[Finding]:
    """One finding for each stretch of readings outside all installations; ``count`` says how many.

    ``readings`` ascend. One at the very beginning of an installation is covered: it opens it.
    """

    def is_covered(reading: Reading) -> bool:
        return any(
            each.covers(reading.at_us) or each.from_us == reading.at_us for each in installations
        )

    found: list[Finding] = []
    for covered, group in groupby(readings, key=is_covered):
        if covered:
            continue
        stretch = list(group)
        found.append(
            CHECK.finding(
                meter=meter,
                begin_us=stretch[0].at_us,
                end_us=stretch[-1].at_us,
                before=stretch[0].register_wh,
                after=stretch[-1].register_wh,
                count=len(stretch),
            )
        )
    return found
