"""Which codes are given out, against a meter that was written from the text."""

import json
from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_signer import made_key
from pydantic import SecretStr, ValidationError

from prepay_ledger.relays.site_code import AHEAD_MAX
from prepay_ledger.settings import LedgerSettings
from prepay_ledger.site_codes.rules import (
    FORGOTTEN_MAX,
    OF_ORDER_MAX,
    codes_of,
    masters_of,
    next_counter,
)
from prewatt_simulator.site_codes import CodePad, secret_at_the_factory

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
TEXT = json.dumps({"2027": b64encode(NEW).decode(), "2026": b64encode(OLD).decode()})


def pad(master: bytes) -> CodePad:
    return CodePad(secret_at_the_factory(master, "m-1"))


@given(st.integers(0, 2**40), st.integers(0, FORGOTTEN_MAX), st.integers(0, OF_ORDER_MAX - 1))
def test_a_code_after_a_restore_is_one_that_the_meter_takes(
    last: int, forgotten: int, unused: int
) -> None:
    """The meter took the last code that was given out, which the database has forgotten."""
    meter = pad(OLD)
    meter.counter = last + 1 + forgotten
    counter = next_counter(last, restores=1) + unused
    assert meter.counter <= counter <= meter.counter + AHEAD_MAX
    ((_, code),) = codes_of({"2026": OLD}, meter_id="m-1", counter=counter)
    assert meter.type_in(code) == counter


def test_while_the_master_changes_each_meter_takes_its_own() -> None:
    masters = masters_of(TEXT)
    assert list(masters) == ["2027", "2026"]
    codes = dict(codes_of(masters, meter_id="m-1", counter=7))
    for key_id, master in (("2027", NEW), ("2026", OLD)):
        other = "2026" if key_id == "2027" else "2027"
        meter = pad(master)
        assert meter.type_in(codes[other]) is None
        assert meter.type_in(codes[key_id]) == 7
        assert meter.type_in(codes[key_id]) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("secret", "no JSON"),
        ("[1]", "no JSON object"),
        ('{"a": "*"}', "a is no base64"),
        ('{"a": 7}', "a is no base64"),
        (json.dumps({"a": b64encode(bytes(31)).decode()}), "a has less than 32 bytes"),
    ],
)
def test_what_is_no_master_secret(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        masters_of(text)
    assert "secret}" not in str(refused.value)


def test_they_come_from_a_file_or_the_environment(tmp_path: Path) -> None:
    given = {
        "database_url": SecretStr("postgresql+asyncpg://x"),
        "auth_public_key": "x",
        "command_signing_key": SecretStr(made_key()),
        "command_key_id": "x",
    }
    assert LedgerSettings.model_validate(given).site_code_keys == {}
    file = tmp_path / "masters.json"
    from_file = given | {"site_code_masters_file": file}
    with pytest.raises(ValidationError, match="cannot be read"):
        LedgerSettings.model_validate(from_file)
    file.write_text(TEXT, encoding="ascii")
    kept = LedgerSettings.model_validate(from_file).site_code_keys
    assert kept == {"2027": NEW, "2026": OLD}
    from_environment = given | {"site_code_masters": SecretStr(TEXT)}
    assert LedgerSettings.model_validate(from_environment).site_code_keys == kept
