"""VEE-07: the register rose by more than the connection can carry."""

from prewatt_metering.calendar.instants import HOUR_US
from prewatt_metering.vee.findings import Check, Severity

CHECK = Check(
    check_id="VEE-07",
    name="implausible",
    severity=Severity.FAIL,
    says="The register rose by more than the connection can carry. The step charges nothing, and "
    "nobody is cut, until a person has looked.",
    values="register before, register after",
    stops_cut=True,
)


def possible(
    *, wh: int, elapsed_us: int, limit_w: int, resolution_wh: int = 0, multiplier: int = 1
) -> bool:
    """Whether ``wh`` of the register can flow in ``elapsed_us`` at ``limit_w`` on average.

    The limit is of the point of supply, so the register's Wh count ``multiplier`` times. One
    ``resolution_wh`` is forgiven: a coarse register shows in one step what flowed before it.
    """
    return (wh - resolution_wh) * multiplier * HOUR_US <= limit_w * elapsed_us
