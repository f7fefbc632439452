"""docs/tutorial.md, run as its reader runs it: what it shows is what happens."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from world import WAIT_S, ZONE, World

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial.md"
NEEDS = ("bash", "curl", "jq", "openssl", "mosquitto_pub", "mosquitto_sub")
_FENCE = re.compile(r"^```(bash|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Step:
    """What the reader types, and what the page says comes out; ``...`` stands for anything."""

    commands: str
    shown: str | None

    def is_as_shown(self, output: str) -> bool:
        """Whether the output is what the page shows."""
        if self.shown is None:
            return True
        pattern = re.escape(self.shown.strip()).replace(re.escape("..."), ".*")
        return re.fullmatch(pattern, output.strip()) is not None


def steps(page: str) -> Iterator[Step]:
    """Each bash block with the text block that follows it, if one does."""
    fences = [match.groups() for match in _FENCE.finditer(page)]
    for (kind, commands), (next_kind, shown) in zip(fences, [*fences[1:], ("", "")], strict=True):
        if kind == "bash":
            yield Step(commands, shown if next_kind == "text" else None)


class Shell:
    """One bash for the whole page, as later steps use what earlier ones found."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            ["bash", "-euo", "pipefail"], cwd=folder, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        # What runs in the background ends with the shell, or its output would never end.
        self.run("trap 'kill $(jobs -p) 2>/dev/null' EXIT")

    def run(self, commands: str) -> str:
        """What the commands print. Fails the test where one fails."""
        assert self._process.stdin
        assert self._process.stdout
        end = f"-- end {time.monotonic_ns()} --"
        # A wait for what never comes must not hold up the tests.
        watchdog = threading.Timer(2 * WAIT_S, self._kill)
        watchdog.start()
        try:
            self._process.stdin.write(f"{commands}\necho '{end}'\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            watchdog.cancel()
            pytest.fail(f"the shell had ended before:\n{commands}")
        printed: list[str] = []
        for line in self._process.stdout:
            if line.strip() == end:
                watchdog.cancel()
                return "".join(printed)
            printed.append(line)
        watchdog.cancel()
        pytest.fail(f"failed or did not end:\n{commands}\n{''.join(printed)}")

    def close(self) -> None:
        """End it, whatever it does."""
        self._kill()
        self._process.communicate()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)


@pytest.fixture
def shell(world: World, tmp_path: Path) -> Iterator[Shell]:
    """A shell in what looks like a checkout after ``make up``."""
    absent = [program for program in NEEDS if shutil.which(program) is None]
    if absent:
        pytest.skip(f"{', '.join(absent)} not here: tools/setup.sh test")
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    (tmp_path / ".state").mkdir()
    (tmp_path / ".state" / "dev").symlink_to(world.stack.state_dir)
    opened = Shell(tmp_path)
    yield opened
    opened.close()


@pytest.mark.stack
@pytest.mark.timeout(900)
def test_every_step_does_what_the_tutorial_says(shell: Shell) -> None:
    now = datetime.now(ZONE)
    if (now.day, now.hour) == (1, 0):
        pytest.skip("a month has just begun: its readings make a charge in each of two months")
    for step in steps(TUTORIAL.read_text(encoding="utf-8")):
        deadline = time.monotonic() + WAIT_S
        while not step.is_as_shown(output := shell.run(step.commands)):
            # What has not happened yet is looked at again, as a person would.
            if time.monotonic() > deadline:
                pytest.fail(f"{step.commands}\nshould print\n{step.shown}\nand not\n{output}")
            time.sleep(0.2)


def test_steps_are_found_with_what_they_show() -> None:
    page = "```bash\na\n```\ntext\n```bash\nb\n```\n```text\n[1,...]\n```\n```console\nc\n```\n"
    first, second = steps(page)
    assert first == Step("a\n", None)
    assert second.is_as_shown("[1,22]\n")
    assert not second.is_as_shown("[2,22]\n")
