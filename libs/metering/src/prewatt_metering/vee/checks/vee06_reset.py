"""VEE-06: the register fell, for good: a reset, or another device under the same id."""

from prewatt_metering.vee.findings import Check, Severity

CHECK = Check(
    check_id="VEE-06",
    name="reset",
    severity=Severity.FAIL,
    says="The register fell, and it is neither a rollover nor a glitch: a reset, or another device "
    "under the same id. The step charges nothing, and nobody is cut, until a person has looked.",
    values="register before, register after",
    stops_cut=True,
)
