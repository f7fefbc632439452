"""``python -m billing [migrate | archive ...]``."""

import sys

from billing.archive.command import main as archive
from billing.bootstrap import adopt, run
from billing.settings import BillingSettings
from prewatt_common.service import run_service


def main() -> None:
    """The command line."""
    if sys.argv[1:2] == ["archive"]:
        sys.exit(archive(sys.argv[2:], adopt=adopt))
    run_service(package="billing", settings_type=BillingSettings, run=run)


if __name__ == "__main__":
    main()
