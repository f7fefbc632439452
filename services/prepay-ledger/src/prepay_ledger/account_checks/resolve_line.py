"""Use case: somebody of the utility says what came of a sale that differs."""

from dataclasses import replace
from uuid import UUID

from prepay_ledger.account_checks.ports import Unit
from prepay_ledger.account_checks.refusals import LineResolved, UnknownLine
from prepay_ledger.account_checks.values import Line, Resolution
from prepay_ledger.vending.open_vendor import check_sells_not, locked_vendor
from prewatt_common.refusals import NeedsSecondPerson


async def resolve_line(*, unit: Unit, line_id: UUID, asked: Resolution) -> Line:
    """The finding, resolved. The same again under the same key changes nothing. Raises
    `UnknownLine`, `LineResolved`, `NeedsSecondPerson` or `DutiesNotSeparate`."""
    found = await unit.account_checks.line(line_id)
    if found is not None:
        vendor = await locked_vendor(unit, found[0].vendor_code)
        await check_sells_not(unit, vendor, asked.who)
        # The day may have been told again meanwhile.
        found = await unit.account_checks.line(line_id)
    if found is None:
        message = f"there is no finding {line_id}: list those of the day again"
        raise UnknownLine(message)
    check, line = found
    done = line.resolution
    if done is not None:
        if (done.key, done.who, done.reason) != (asked.key, asked.who, asked.reason):
            message = (
                f"sale {line.finding.key} was resolved at {done.at:%Y-%m-%d %H:%M} UTC by "
                f"{done.who} ({done.reason}); nothing was changed"
            )
            raise LineResolved(message)
        return line
    if asked.who == check.posted_by:
        message = f"{asked.who} told that day: somebody else has to resolve it; nothing was changed"
        raise NeedsSecondPerson(message)
    await unit.account_checks.add_resolution(line, asked)
    await unit.account_checks.put_check(replace(check, open_lines=check.open_lines - 1))
    return replace(line, resolution=asked)
