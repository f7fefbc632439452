"""Which account a payment is for, where a provider hands back what the order said."""


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
