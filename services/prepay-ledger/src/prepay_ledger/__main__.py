"""``python -m prepay_ledger [migrate | audit | replay | retire | what-if]``."""

import sys

from prepay_ledger.bootstrap import run
from prepay_ledger.charging.postgres_audit import audit_charges_of
from prepay_ledger.debts.postgres_audit import audit_debts_of
from prepay_ledger.deposits.postgres_audit import audit_deposits_of
from prepay_ledger.retention.command import main as retire
from prepay_ledger.retention.postgres_left import differs
from prepay_ledger.seals.command import main as audit
from prepay_ledger.settings import LedgerSettings
from prepay_ledger.supply.command import main as replay
from prepay_ledger.what_if.command import main as what_if
from prewatt_common.service import run_service


def main() -> None:
    """The command line."""
    if sys.argv[1:2] == ["audit"]:
        derived = (audit_charges_of, audit_debts_of, audit_deposits_of)
        sys.exit(audit(sys.argv[2:], derived=derived, left=differs))
    if sys.argv[1:2] == ["retire"]:
        sys.exit(retire(sys.argv[2:]))
    if sys.argv[1:2] == ["replay"]:
        sys.exit(replay(sys.argv[2:]))
    if sys.argv[1:2] == ["what-if"]:
        timezone: str = LedgerSettings.model_fields["timezone"].default
        sys.exit(what_if(sys.argv[2:], timezone=timezone))
    run_service(package="prepay_ledger", settings_type=LedgerSettings, run=run)


if __name__ == "__main__":
    main()
