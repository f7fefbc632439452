"""VEE-11: the register stands still while readings go on: a fresh time is no fresh measurement."""

from collections.abc import Sequence
from itertools import groupby

from prewatt_metering.calendar.instants import DAY_US
from prewatt_metering.registers.readings import Reading
from prewatt_metering.vee.findings import Check, Finding, Severity

CHECK = Check(
    check_id="VEE-11",
    name="frozen",
    severity=Severity.WARN,
    says="Readings go on and the register stands still: something between the meter and us may "
    "repeat an old value.",
    values="register at the beginning, register at the end",
    goes_on=True,
)
FROZEN_US_MAX = DAY_US
READINGS_MIN = 3


def frozen(*, meter: str, readings: Sequence[Reading], policy_us: int = DAY_US) -> list[Finding]:
    """One finding for each stretch of equal registers that lasts ``policy_us``, a day at most.

    ``readings`` ascend, one an instant. Two equal ones are no stretch: nothing was sent between.
    """
    least_us = min(policy_us, FROZEN_US_MAX)
    found: list[Finding] = []
    for register_wh, group in groupby(readings, key=lambda each: each.register_wh):
        stretch = list(group)
        begin_us, end_us = stretch[0].at_us, stretch[-1].at_us
        if len(stretch) >= READINGS_MIN and end_us - begin_us >= least_us:
            found.append(
                CHECK.finding(
                    meter=meter,
                    begin_us=begin_us,
                    end_us=end_us,
                    before=register_wh,
                    after=register_wh,
                    count=len(stretch),
                )
            )
    return found
