"""``python -m prepay_ledger [migrate]``."""

from prepay_ledger.bootstrap import run
from prepay_ledger.settings import LedgerSettings
from prewatt_common.service import run_service


def main() -> None:
    """The command line."""
    run_service(package="prepay_ledger", settings_type=LedgerSettings, run=run)


if __name__ == "__main__":
    main()
