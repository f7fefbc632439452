"""``python -m billing [migrate]``."""

from billing.bootstrap import run
from billing.settings import BillingSettings
from prewatt_common.service import run_service


def main() -> None:
    """The command line."""
    run_service(package="billing", settings_type=BillingSettings, run=run)


if __name__ == "__main__":
    main()
