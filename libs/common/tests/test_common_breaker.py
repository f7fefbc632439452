"""When the breaker opens: more than 50 dead letters within 1,000 records."""

import pytest

from prewatt_common.kafka.breaker import Breaker
from prewatt_common.kafka.stops import BreakerOpen


@pytest.mark.parametrize(
    ("batches", "opens_at"),
    [
        # So many records each, and the places of its dead letters.
        ([(1_000, range(50))], None),
        ([(1_000, range(51))], (0, 51)),
        ([(60, range(60))], (0, 51)),
        ([(1_000, range(950, 1_000)), (949, [])], None),
        ([(1_000, range(950, 1_000)), (950, [949])], (1, 950)),
        ([(1_000, range(950, 1_000)), (951, [950])], None),
        ([(5_000, range(0, 5_000, 20))], None),
        ([(5_000, range(0, 5_000, 19))], (0, 951)),
        ([(1, [0])] * 51, (50, 1)),
    ],
)
def test_it_opens_above_five_percent_of_the_last_thousand(batches, opens_at):
    breaker = Breaker()
    for number, (taken, dead) in enumerate(batches):
        room = breaker.room(list(dead))
        if room is not None:
            assert (number, room) == opens_at
            breaker.note([place for place in dead if place < room], taken=room)
            with pytest.raises(BreakerOpen, match=r"51 of the last \d+ records"):
                breaker.check()
            return
        breaker.note(list(dead), taken=taken)
        breaker.check()
    assert opens_at is None
