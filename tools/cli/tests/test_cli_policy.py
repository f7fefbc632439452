"""``prewatt policy check``: what a person types and reads, and the examples that are shipped."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from prewatt_cli.__main__ import app

EXAMPLES = Path(__file__).parents[3] / "docs" / "policies"


def prewatt(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["policy", *map(str, arguments)], env={"COLUMNS": "200"})


def test_the_examples_are_policies_and_name_their_sources() -> None:
    files = sorted(EXAMPLES.glob("*.yaml"))
    assert len(files) == 3
    result = prewatt("check", *files)
    assert result.exit_code == 0, result.output
    assert "enterprise, household, medical, municipal, small_business" in result.output
    for file in files:
        assert "to be verified by the utility" in file.read_text(encoding="utf-8")


def test_json_is_yaml_too(tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    file.write_text('{"title": "t [b]", "default": {"load_limit_w": 500}}')
    result = prewatt("check", file)
    assert (result.exit_code, "t [b]: no class by name" in result.output) == (0, True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("classes: {home: {commands: {first_pause_s: 0}}}", "classes.home.commands.first_pause_s:"),
        ("classes: {home: {calender: city}}", "classes.home: Object contains unknown field"),
        ("title: [", "neither YAML nor JSON"),
        ("title: a\ntitle: b", "title stands twice"),
        ("", "Expected `object`, got `null`"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_code_2(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(text)
    result = prewatt("check", file)
    assert result.exit_code == 2
    (line,) = result.output.splitlines()
    assert line.startswith(f"prewatt: {file}: ")
    assert said in line
