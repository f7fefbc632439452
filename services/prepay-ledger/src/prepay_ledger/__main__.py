"""``python -m prepay_ledger [migrate | audit]``."""

import sys

from prepay_ledger.bootstrap import run
from prepay_ledger.charging.postgres_audit import audit_charges_of
from prepay_ledger.seals.command import main as audit
from prepay_ledger.settings import LedgerSettings
from prewatt_common.service import run_service


def main() -> None:
    """The command line."""
    if sys.argv[1:2] == ["audit"]:
        sys.exit(audit(sys.argv[2:], charges=audit_charges_of))
    run_service(package="prepay_ledger", settings_type=LedgerSettings, run=run)


if __name__ == "__main__":
    main()
