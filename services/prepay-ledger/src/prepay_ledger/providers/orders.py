"""Which account a payment is for, where a provider hands back what the order said; and by which
request of ours it was asked for."""

import re
from uuid import UUID

_OURS = re.compile(r"[0-9a-f]{32}")


def account_number_of(*, attached: str, order: str) -> str:
    """What the order carried for us (``attach``, ``passback_params``); else what stands before the
    last underscore of its number: an order is ``<account number>_<anything unique>``. Empty where
    neither names one.

    >>> account_number_of(attached="000000017", order="20261128173000")
    '000000017'
    >>> account_number_of(attached="", order="000000017_20261128173000")
    '000000017'
    """
    return attached.strip() or order.rpartition("_")[0]


def request_id_of(order: str) -> str:
    """The id of the request, where the order's number is one without hyphens: as we number orders
    that we begin ourselves. Empty for any other number.

    >>> request_id_of("01978a3c5f1e70008000000000000001")
    '01978a3c-5f1e-7000-8000-000000000001'
    >>> request_id_of("000000017_20261128173000")
    ''
    """
    return str(UUID(order)) if _OURS.fullmatch(order) else ""
