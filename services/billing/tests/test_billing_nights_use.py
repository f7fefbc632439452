"""Use by SQL on DuckDB against billing's scalar code: the same, or the meter is named as odd."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from rerating_cases import MeterCase, meter_cases, slot_tariffs

from billing.archive.read_meters import NUMBERED
from billing.nights.meters import Served
from billing.nights.meters import given as given_registers
from billing.nights.use_sql import UseBySql
from billing.readings.values import Reading
from billing.rerating.register import MeterTerms
from billing.rerating.tariffs import Tariff
from billing.rerating.use import Use, use_of_meter
from prewatt_metering.calendar.instants import DAY_US


def by_sql(
    served: Sequence[Served],
    readings: Sequence[Sequence[Reading]],
    edges: Iterable[int],
    folder: Path,
    meters: Sequence[MeterTerms],
) -> tuple[list[Use], list[int]]:
    """Of meters by their places, in windows that end at ``edges``; and the odd ones."""
    instants = [each.at_us for some in readings for each in some]
    instants += [at_us for meter in meters for at_us, _ in given_registers(meter)]
    begin = min(instants) // DAY_US * DAY_US
    end = max(instants) // DAY_US * DAY_US + DAY_US
    with UseBySql(served, meters, folder) as sql:
        for until in [*sorted({each for each in edges if begin < each < end}), end]:
            rows = [
                (place, *each)
                for place, some in enumerate(readings)
                for each in some
                if begin <= each.at_us < until
            ]
            columns = [[row[number] for row in rows] for number in range(3)]
            table = pa.table(dict(zip(NUMBERED.names, columns, strict=True)), schema=NUMBERED)
            sql.add(table.to_batches(), begin_us=begin, end_us=until)
            begin = until
        return sql.uses(), sql.odd()


def by_scalar(case: MeterCase, tariff: Tariff) -> Use:
    return use_of_meter(
        agreement=case.agreement, tariff=tariff, meter=case.meter, readings=case.readings
    )


@settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
@given(data=st.data(), case=meter_cases(), ordinary=st.booleans())
def test_use_is_the_scalar_codes(
    data: st.DataObject, case: MeterCase, ordinary: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if ordinary:
        case = data.draw(ordinary_of(case))
    tariff = data.draw(slot_tariffs(case.zone))
    served = Served(agreement=case.agreement, tariff=tariff, meters=[case.meter], by_day=True)
    first = min(each.at_us for each in case.readings) // DAY_US
    edges = [(first + each) * DAY_US for each in data.draw(st.lists(st.integers(0, 60)))]
    (use,), odd = by_sql(
        [served], [case.readings], edges, tmp_path_factory.getbasetemp(), [case.meter]
    )
    event(f"{'odd' if odd else 'by SQL'}")
    assert use == (Use() if odd else by_scalar(case, tariff))


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.data(), cases=st.lists(meter_cases(), min_size=2, max_size=4))
def test_meters_and_agreements_do_not_mix(
    data: st.DataObject, cases: list[MeterCase], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each agreement its own zone and slots; the first has all meters, the others the first two."""
    cases = [
        replace(each, meter=named(each.meter, f"m{n}"))
        for n, each in enumerate(data.draw(ordinary_of(case)) for case in cases)
    ]
    tariffs = [data.draw(slot_tariffs(each.zone)) for each in cases]
    meters = [each.meter for each in cases]
    served = [
        Served(agreement=case.agreement, tariff=tariff, meters=meters[:2], by_day=True)
        for case, tariff in zip(cases, tariffs, strict=True)
    ]
    served[0] = replace(served[0], meters=meters)
    uses, odd = by_sql(
        served, [each.readings for each in cases], [], tmp_path_factory.getbasetemp(), meters
    )
    for some, use in zip(served, uses, strict=True):
        expected = Use()
        for place, meter in enumerate(some.meters):
            if place not in odd:
                expected.add(
                    use_of_meter(
                        agreement=some.agreement,
                        tariff=some.tariff,
                        meter=meter,
                        readings=cases[place].readings,
                    )
                )
        assert use == expected


def named(meter: MeterTerms, name: str) -> MeterTerms:
    return replace(
        meter,
        facts=replace(meter.facts, meter=name),
        installations=[replace(each, meter=name) for each in meter.installations],
    )


@st.composite
def ordinary_of(draw: st.DrawFn, case: MeterCase) -> MeterCase:
    """The same instants and installations, with a register that rises by what can have flowed."""
    instants = sorted({each.at_us for each in case.readings})
    wh, readings, before = draw(st.integers(0, 50)), [], instants[0]
    for at_us in instants:
        wh += draw(st.integers(0, 20)) if at_us - before >= 60_000_000 else 0
        readings.append(Reading(at_us, wh))
        before = at_us
    places = [
        replace(each, opening_wh=None, closing_wh=None, device=None, multiplier=40)
        for each in case.meter.installations
    ]
    meter = replace(
        case.meter,
        facts=replace(case.meter.facts, modulus_wh=None, max_w=400_000),
        installations=places,
        edits=(),
    )
    again = draw(st.lists(st.sampled_from(readings), max_size=3))
    return replace(case, meter=meter, readings=draw(st.permutations([*readings, *again])))
