"""JSON logs on standard output, one object a line, with the ids a person searches by."""

import logging
import sys
from datetime import UTC, datetime

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

_COORDINATOR_LOGGER = "aiokafka.consumer.group_coordinator"


def configure_logging(*, service: str, level: str) -> None:
    """Send every logger's records to standard output as JSON with ``service`` in each.

    Context goes in ``extra``: ``logger.info("charged", extra={"account_id": ...})``.
    """
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        _Formatter(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"asctime": "at", "levelname": "level", "name": "logger"},
            static_fields={"service": service},
            # uvicorn adds its message once more, with terminal colours.
            reserved_attrs=[*RESERVED_ATTRS, "color_message"],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Its every rebalance step at INFO would drown ours; its warnings stay.
    logging.getLogger("aiokafka").setLevel(logging.WARNING)
    logging.getLogger(_COORDINATOR_LOGGER).addFilter(_is_news)


class _Formatter(JsonFormatter):
    """Instants as everywhere else: ISO 8601, UTC."""

    def formatTime(  # noqa: N802 - the standard library's name
        self,
        record: logging.LogRecord,
        datefmt: str | None = None,  # noqa: ARG002
    ) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _is_news(record: logging.LogRecord) -> bool:
    """A broker that has just started has no group coordinator yet: aiokafka asks again."""
    return "CoordinatorNotAvailable" not in record.getMessage()
