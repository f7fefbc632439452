"""Each advisory lock of the ledger has a number of its own: whoever shares one waits for another's
work, a run of `retire` for as long as that takes."""

import re
from collections import Counter
from pathlib import Path

import prepay_ledger

_NUMBER = re.compile(
    r"^_\w*LOCK\w* = (0x[0-9A-Fa-f_]+|\d+)$|advisory_\w*lock\w*\((\d+)\)", re.MULTILINE
)
OPEN_DAY = 5131523
"""Who posts takes it in a function of the database, who turns the day in Python."""


def test_no_two_locks_are_one() -> None:
    (package,) = prepay_ledger.__path__
    numbers = Counter(
        int(plain or in_sql, 0)
        for path in Path(package).rglob("*.py")
        for plain, in_sql in _NUMBER.findall(path.read_text())
    )
    assert len(numbers) > 9
    assert {number: times for number, times in numbers.items() if times > 1} == {OPEN_DAY: 2}
