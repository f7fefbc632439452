"""Files of a folder: whose they are."""

import os
import stat
from pathlib import Path

import pytest

from prewatt_common.local_folder import LocalFolder


def rights(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_what_is_private_is_its_owners_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    tmp_path.chmod(0o755)
    before = os.umask(umask)
    try:
        folder = LocalFolder(tmp_path / "exports", is_private=True)
        with folder.create("day/one") as sink:
            sink.write(b"1")
    finally:
        os.umask(before)
    made = tmp_path / "exports"
    assert [rights(each) for each in (made, made / "day", made / "day/one")] == [
        0o700, 0o700, 0o600,
    ]  # fmt: skip
    assert rights(tmp_path) == 0o755, "a folder that was there is left as it is"


def test_what_a_process_that_died_left_is_made_private_too(tmp_path: Path) -> None:
    (tmp_path / ".one.unfinished").touch(0o666)
    with LocalFolder(tmp_path, is_private=True).create("one") as sink:
        sink.write(b"1")
    assert rights(tmp_path / "one") == 0o600


def test_of_other_folders_the_umask_decides(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with LocalFolder(tmp_path).create("day/one") as sink:
            sink.write(b"1")
    finally:
        os.umask(before)
    assert (rights(tmp_path / "day"), rights(tmp_path / "day/one")) == (0o750, 0o640)
