"""Where a stack's parts are, as it is kept."""

import json
from pathlib import Path

import pytest

from prewatt_devstack.endpoints import load_or_make
from prewatt_devstack.errors import StackError


def test_a_stack_keeps_its_ports_and_passwords(tmp_path: Path) -> None:
    made = load_or_make(tmp_path, services=("one",))
    assert load_or_make(tmp_path, services=("one",)) == made


def test_a_stack_of_another_version_is_said_to_be_one(tmp_path: Path) -> None:
    load_or_make(tmp_path, services=("one",))
    file = tmp_path / "stack.json"
    known = json.loads(file.read_text())
    del known["postgres_owner_password"]
    file.write_text(json.dumps(known))
    with pytest.raises(StackError, match="of another version of Prewatt"):
        load_or_make(tmp_path, services=("one",))
