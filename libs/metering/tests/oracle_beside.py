"""The independent oracle, where it stands beside the checkout. No part of the project."""

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest


def shared() -> Path:
    named = os.environ.get("PREWATT_SHARED")
    return Path(named) if named else Path(__file__).resolve().parents[4] / "shared"


@pytest.fixture(scope="session")
def oracle() -> ModuleType:
    """Skips where there is none."""
    path = shared() / "oracle" / "oracle.py"
    if not path.exists():
        pytest.skip("no oracle beside the checkout; PREWATT_SHARED names its folder")
    spec = importlib.util.spec_from_file_location("prewatt_oracle", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def scenarios() -> list[Path]:
    """The oracle's scenario files. Skips where there are none."""
    found = sorted((shared() / "oracle" / "scenarios").glob("*.json"))
    if not found:
        pytest.skip("no scenarios beside the checkout; PREWATT_SHARED names their folder")
    return found
