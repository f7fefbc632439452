"""``python -m meter_gateway [migrate]``."""

from meter_gateway.bootstrap import run
from meter_gateway.settings import GatewaySettings
from prewatt_common.service import run_service


def main() -> None:
    """The command line."""
    run_service(package="meter_gateway", settings_type=GatewaySettings, run=run)


if __name__ == "__main__":
    main()
