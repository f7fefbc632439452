"""Reconnection codes: vectors for makers of meters, and a meter that was written from the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepay_ledger.relays.site_code import AHEAD_MAX, DIGITS, for_people, meter_secret, site_code
from prewatt_simulator.site_codes import CodePad, secret_at_the_factory

MASTER = bytes(range(32))
SECRETS = st.binary(min_size=1, max_size=64)
COUNTERS = st.integers(0, 2**40)


@pytest.mark.parametrize(
    ("meter_id", "secret"),
    [
        ("m-1", "bc43961aae27c6c03ea8e32db5fcdc4d450fb7aa7150af19a9043358d357ebeb"),
        (
            "A_very-long-meter-id-0123456789",
            "25694817923ce1cbb56a8c2a63556be35caec4eb53927a957789b6798b5c17cd",
        ),
    ],
)
def test_the_secret_of_a_meter(meter_id: str, secret: str):
    assert meter_secret(MASTER, meter_id).hex() == secret


@pytest.mark.parametrize(
    ("counter", "code"),
    [
        (0, "0056017929131935"),
        (1, "0144176398021302"),
        (99, "9986840086496570"),
        (100, "0014956092705497"),
        (2**40, "7659826799364358"),
    ],
)
def test_the_code_of_a_counter(counter: int, code: str):
    assert site_code(meter_secret(MASTER, "m-1"), counter) == code


@given(SECRETS, st.integers(0, 2**63 - 1))
def test_a_code_is_digits_and_a_meter_takes_it_once(secret: bytes, counter: int):
    code = site_code(secret, counter)
    assert (len(code), code.isdigit(), code.isascii()) == (DIGITS, True, True)
    assert for_people(code).split(" ") == [code[i : i + 4] for i in (0, 4, 8, 12)]
    pad = CodePad(secret)
    pad.counter = counter
    assert pad.type_in(for_people(code)) == counter
    assert pad.counter == counter + 1
    assert pad.type_in(code) is None


@given(SECRETS, COUNTERS, st.integers(0, AHEAD_MAX))
def test_up_to_99_codes_may_be_left_unused(secret: bytes, counter: int, unused: int):
    pad = CodePad(secret)
    pad.counter = counter
    assert pad.type_in(site_code(secret, counter + unused)) == counter + unused
    for older in range(counter, counter + unused + 1, 7):
        assert pad.type_in(site_code(secret, older)) is None


@given(SECRETS, COUNTERS)
def test_what_lies_further_ahead_or_is_of_another_meter_is_refused(secret: bytes, counter: int):
    pad = CodePad(secret)
    pad.counter = counter
    assert pad.type_in(site_code(secret, counter + AHEAD_MAX + 1)) is None
    assert pad.type_in(site_code(secret + b"x", counter)) is None
    assert pad.counter == counter


@pytest.mark.parametrize("typed", ["", "1" * 15, "1" * 17, "٠" * 16, "12345678901234ab", "-" * 16])
def test_what_is_no_code_is_refused(typed: str):
    assert CodePad(b"x").type_in(typed) is None


@given(st.binary(min_size=1, max_size=64), st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True))
def test_both_sides_have_the_same_secret(master: bytes, meter_id: str):
    assert secret_at_the_factory(master, meter_id) == meter_secret(master, meter_id)


@pytest.mark.parametrize("counter", [-1, 2**63])
def test_what_is_no_counter_is_refused(counter: int):
    with pytest.raises(ValueError, match="no counter"):
        site_code(b"x", counter)
