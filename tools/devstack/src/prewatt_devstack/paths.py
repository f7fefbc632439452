"""Where things lie in the checkout."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
DEPLOY = ROOT / "deploy"
KAFKA_JARS = ROOT / ".tools" / "kafka"


def default_state_dir(name: str) -> Path:
    """``.state/<name>`` in the checkout."""
    return ROOT / ".state" / name
