"""JSON logs on standard output, one object a line, with the ids a person searches by."""

import logging
import sys

from pythonjsonlogger.json import JsonFormatter


def configure_logging(*, service: str, level: str) -> None:
    """Send every logger's records to standard output as JSON with ``service`` in each.

    Context goes in ``extra``: ``logger.info("charged", extra={"account_id": ...})``.
    """
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        JsonFormatter(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"asctime": "at", "levelname": "level", "name": "logger"},
            static_fields={"service": service},
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Its every rebalance step at INFO would drown ours; its warnings stay.
    logging.getLogger("aiokafka").setLevel(logging.WARNING)
