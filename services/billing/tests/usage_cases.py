"""A meter and its installations, to ask what it used."""

from rerating_cases import OURS

from billing.rerating.register import MeterTerms
from billing.terms.values import Installation, MeterFacts


def meter_of(*installations: Installation) -> MeterTerms:
    return MeterTerms(facts=MeterFacts(meter="m"), installations=installations)


def installed(
    from_us: int, to_us: int | None = None, *, device: str | None = None, **registers: int
) -> Installation:
    return Installation(
        meter="m",
        account_id=OURS,
        from_us=from_us,
        to_us=to_us,
        opening_wh=registers.get("opening_wh"),
        closing_wh=registers.get("closing_wh"),
        device=device,
    )
