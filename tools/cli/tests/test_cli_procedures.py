"""``prewatt procedure check``: what a person types and reads."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from prewatt_cli.__main__ import app

TEXT = """
jurisdiction: xx
customer_class: any
mode: prepay
valid_from: 2026-01-01
timezone: UTC
title: A place's
verified: false
steps:
  - {name: told, kind: low_balance_notice, what: They were told, forms: [sms]}
"""


def check(path: Path, text: str) -> Result:
    path.write_text(text)
    return CliRunner().invoke(app, ["procedure", "check", str(path)])


def test_a_document_is_summed_up_in_a_line(tmp_path: Path) -> None:
    path = tmp_path / "xx.yaml"
    done = check(path, TEXT)
    assert (done.exit_code, done.stdout) == (
        0,
        f"{path}: xx/any/prepay from 2026-01-01, 1 steps, to be verified by the utility\n",
    )


@pytest.mark.parametrize(
    ("was", "is_now", "said"),
    [
        ("mode: prepay", "mode: barter", "`$.mode`"),
        ("kind: low_balance_notice", "kind: check", "`forms` say how"),
        ("title: A place's", "title: A place's\ntitle: again", "title stands twice"),
        ("steps:", "steps: [", "neither YAML nor JSON"),
        ("jurisdiction: xx\n", "", "missing required field `jurisdiction`"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_code_2(
    tmp_path: Path, was: str, is_now: str, said: str
) -> None:
    path = tmp_path / "xx.yaml"
    done = check(path, TEXT.replace(was, is_now))
    assert done.exit_code == 2
    assert done.stderr.startswith(f"prewatt: {path}: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
