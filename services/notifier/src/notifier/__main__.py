"""``python -m notifier [migrate]``."""

from notifier.bootstrap import run
from notifier.settings import NotifierSettings
from prewatt_common.service import run_service


def main() -> None:
    """The command line."""
    run_service(package="notifier", settings_type=NotifierSettings, run=run)


if __name__ == "__main__":
    main()
