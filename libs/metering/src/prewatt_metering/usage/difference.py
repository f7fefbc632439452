"""What a correction changes."""

from prewatt_metering.usage.days import DayUsage


def usage_difference(*, before: DayUsage, after: DayUsage) -> DayUsage:
    """{(day, slot): Wh more}, below 0 for less; what stays the same is not there."""
    return {
        key: changed
        for key in sorted(before.keys() | after.keys())
        if (changed := after.get(key, 0) - before.get(key, 0))
    }
