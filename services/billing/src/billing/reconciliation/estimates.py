"""Estimates of the ledger, which are in no charge that is compared: whether they have ended."""

from collections.abc import Mapping
from datetime import date

from billing.postings.values import Estimated
from billing.rerating.use import Use
from prewatt_metering.calendar.instants import instant_of, us_of


def not_taken_back(estimated: Mapping[date, Estimated], use: Use) -> dict[date, str]:
    """Of the periods whose estimate stands though a meter that it rests on has a trusted reading
    since: what is wrong, in words."""
    found: dict[date, str] = {}
    for first, each in estimated.items():
        for meter_id, since in sorted(each.meters.items()):
            read_us = use.read_us.get(meter_id)
            if read_us is not None and read_us > us_of(since):
                found[first] = (
                    f"an estimate of {each.total_micro} micro-units and {each.energy_wh} Wh "
                    f"stands, made from {since.isoformat()} on, though {meter_id} was read at "
                    f"{instant_of(read_us).isoformat()}"
                )
                break
    return found
