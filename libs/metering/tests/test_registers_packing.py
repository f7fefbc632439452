"""Readings as bytes: what went in comes out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prewatt_metering.registers.packing import Unpackable, pack, unpack
from prewatt_metering.registers.packing_many import pack_many
from prewatt_metering.registers.readings import Quality, Reading

BASE_US = 1_767_225_600_000_000
instants = st.one_of(
    st.integers(-(2**60), 2**60), st.integers(-(10**9), 10**9).map(lambda s: s * 10**6)
)
registers = st.one_of(st.integers(-(2**62), 2**62), st.integers(0, 300))
readings = st.lists(st.builds(Reading, instants, registers, st.sampled_from(Quality)))


@given(some=readings, more=readings)
def test_what_went_in_comes_out_also_joined(some: list[Reading], more: list[Reading]) -> None:
    joined = pack(some, base_us=BASE_US) + pack(more, base_us=BASE_US)
    assert unpack(joined, base_us=BASE_US) == some + more


@given(
    st.lists(st.lists(st.tuples(instants, registers), min_size=1, max_size=4), max_size=6),
    st.sampled_from([0, BASE_US]),
)
def test_many_meters_at_once_are_the_same_bytes(
    meters: list[list[tuple[int, int]]], base_us: int
) -> None:
    flat = [reading for some in meters for reading in some]
    packed = pack_many(
        at_us=np.array([at_us for at_us, _ in flat], np.int64),
        register_wh=np.array([wh for _, wh in flat], np.int64),
        counts=np.array([len(some) for some in meters], np.int64),
        base_us=base_us,
    )
    assert packed == [pack([Reading(*each) for each in some], base_us=base_us) for some in meters]


def test_a_quarter_hour_reading_takes_eight_bytes() -> None:
    some = [Reading(BASE_US + n * 900 * 10**6, 10_000_000 + 250 * n) for n in range(96)]
    assert len(pack(some, base_us=BASE_US)) <= 8 * 96


@pytest.mark.parametrize("packed", [b"\x10", b"\x10\x01", b"\x10\x80\x80", b"\x1f\x01\x01"])
def test_bytes_that_are_no_readings_are_refused(packed: bytes) -> None:
    with pytest.raises(Unpackable):
        unpack(packed, base_us=BASE_US)
