"""The picture in the README is what the functions give today."""

import runpy
from pathlib import Path

SCRIPT = Path(__file__).parent.parent / "docs" / "one_day.py"


def test_picture_is_what_the_functions_give() -> None:
    committed = SCRIPT.with_suffix(".svg").read_text(encoding="utf-8")
    drawn = runpy.run_path(str(SCRIPT))["picture"]()
    assert committed == drawn, "run `python libs/metering/docs/one_day.py` and look at the picture"
