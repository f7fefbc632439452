"""What a ledger's process remembers of meters, so that a batch need not ask for each again.

Only a guess: whoever writes names the versions that it rests on, and a batch that was wrong is
undone and asks the database (`ChangedMeanwhile`). Nothing has to be told to forget.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

import numpy as np

from prepay_ledger.charging.ordinary import Followed
from prepay_ledger.charging.standing import Block, Column, Common, Key

_ROWS_FIRST = 1_024
_NOBODY = UUID(int=0)


class RememberedStandings:
    """Where meters stand as of their last committed batch.

    Of an agreement that several meters feed nothing is kept: another process may charge its period.
    Of ``most`` meters at most: when they are more, what is remembered of the tariff and day that
    came first is dropped.
    """

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._epoch: int | None = None
        self._kept: dict[Key, _Kept] = {}
        """In the order in which they came."""
        self._places: dict[str, tuple[_Kept, int]] = {}

    def take(self, meter_ids: Iterable[str], *, epoch: int) -> list[Block]:
        """Where those stand that are remembered. In another ``epoch`` none is: versions of a
        database that was restored have been there before."""
        if epoch != self._epoch:
            self._kept.clear()
            self._places.clear()
            self._epoch = epoch
        found: dict[Key, tuple[list[str], list[int]]] = {}
        for meter_id in meter_ids:
            place = self._places.get(meter_id)
            if place is not None:
                kept, row = place
                names, rows = found.setdefault(kept.common.key, ([], []))
                names.append(meter_id)
                rows.append(row)
        return [self._kept[key].block(names, rows) for key, (names, rows) in found.items()]

    def keep(self, followed: Sequence[Followed], *, epoch: int) -> None:
        """To be called once ``followed`` is committed."""
        if epoch != self._epoch:
            return
        for each in followed:
            if each.after.are_alone:
                self._keep(each.after)
            else:
                alone = np.flatnonzero(each.after.numbers[:, Column.IS_ALONE])
                self._keep(each.after.some(alone.tolist()))

    def forget(self, meter_ids: Iterable[str]) -> None:
        """Of meters that were charged in another way, or may have been."""
        for meter_id in meter_ids:
            self._places.pop(meter_id, None)

    def _keep(self, block: Block) -> None:
        key = block.common.key
        kept = self._kept.get(key)
        if kept is None or kept.common != block.common:
            self._drop(key)
            kept = self._kept[key] = _Kept(block.common)
        rows: list[int] = []
        for meter_id in block.meter_ids:
            place = self._places.get(meter_id)
            if place is None or place[0] is not kept:
                place = self._places[meter_id] = kept, kept.add()
            rows.append(place[1])
        kept.put(rows, block)
        while sum(each.used for each in self._kept.values()) > self._most:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        gone = self._kept.pop(key, None)
        if gone is not None:
            self._places = {m: place for m, place in self._places.items() if place[0] is not gone}


class _Kept:
    """Rows of one common. One that is forgotten is not used again before all are dropped."""

    def __init__(self, common: Common) -> None:
        self.common = common
        self.used = 0
        self._agreement_ids: list[UUID] = []
        self._account_ids: list[UUID] = []
        self._numbers = np.zeros((_ROWS_FIRST, common.posted.stop), np.int64)

    def add(self) -> int:
        """A row that nothing is in yet."""
        self._agreement_ids.append(_NOBODY)
        self._account_ids.append(_NOBODY)
        self.used += 1
        return self.used - 1

    def put(self, rows: Sequence[int], block: Block) -> None:
        """``block`` in these rows."""
        if self.used > len(self._numbers):
            more = np.zeros((self.used, self._numbers.shape[1]), np.int64)
            self._numbers = np.concatenate([self._numbers, more])
        for row, agreement_id, account_id in zip(
            rows, block.agreement_ids, block.account_ids, strict=True
        ):
            self._agreement_ids[row] = agreement_id
            self._account_ids[row] = account_id
        self._numbers[rows] = block.numbers

    def block(self, meter_ids: list[str], rows: list[int]) -> Block:
        """A copy of these rows, of these meters."""
        return Block(
            self.common,
            meter_ids,
            [self._agreement_ids[row] for row in rows],
            [self._account_ids[row] for row in rows],
            self._numbers[rows],
        )
