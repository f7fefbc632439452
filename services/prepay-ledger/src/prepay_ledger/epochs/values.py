"""Epochs: numbers that others keep never go back, though the database may.

Meters keep the highest command sequence that they have seen, and billing the highest version of a
charge. A database that was restored from a backup has forgotten its last ones and would give them
again: its commands would be refused and its charges passed over. So both begin with the epoch,
which a restore raises.
"""

from datetime import UTC, datetime, timedelta

NUMBER_BITS = 24
"""Of a number, below the epoch: 16 million commands of a meter or changes of a charge in an epoch,
and all in the 53 bits that every reader of JSON can take."""
_BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


def next_epoch(*, now: datetime, last: int) -> int:
    """Minutes since 2024, and above the ``last`` one: the database that was restored may not know
    of an epoch that was raised since the backup, but time goes on."""
    return max(last + 1, (now - _BEGIN) // timedelta(minutes=1))


def first_number(epoch: int) -> int:
    """Numbers of ``epoch`` are above this one, and all of earlier epochs below.

    >>> first_number(0), first_number(1)
    (0, 16777216)
    """
    return epoch << NUMBER_BITS
