"""Nothing that decides on supply may know which households are in need: a flag is never a reason to
cut. Import-linter holds it of the contract's module; this, of all that is written there: no topic,
event or room of hardship, by whatever name it goes."""

from pathlib import Path

import pytest

from prewatt_common.contracts.topics import BILLING_EVENTS, TOPICS

ROOT = Path(__file__).parents[2] / "services"
WORDS = ("billing.events", "billing_events", "hardship")


@pytest.mark.parametrize("service", ["prepay-ledger", "meter-gateway"])
def test_no_source_of_what_cuts_names_it(service: str) -> None:
    files = list((ROOT / service / "src").rglob("*.py"))
    assert len(files) > 50
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in files
        for word in WORDS
        if word in path.read_text(encoding="utf-8").lower()
    ]
    assert found == []


def test_nobody_takes_all_topics_there_are() -> None:
    """A consumer names its topics; by `TOPICS` it would read households' flags without a name."""
    assert BILLING_EVENTS in TOPICS
    for path in ROOT.rglob("src/**/*.py"):
        assert "import TOPICS" not in path.read_text(encoding="utf-8"), path
