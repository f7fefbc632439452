"""How commands come along, as a table."""

from itertools import permutations

import pytest

from prepay_ledger.relays.command_progress import FINISHED_RANK, RANK
from prewatt_common.contracts.base import CommandStatus as Status

UNDER_WAY = (Status.ISSUED, Status.SENT, Status.ACKNOWLEDGED)
OVER = (Status.EXPIRED, Status.REJECTED, Status.SUPERSEDED, Status.FAILED)


def test_every_status_has_a_rank():
    assert set(RANK) == set(Status)


@pytest.mark.parametrize("status", Status)
def test_what_is_under_way_is_not_finished(status):
    assert (RANK[status] < FINISHED_RANK) == (status in UNDER_WAY)


@pytest.mark.parametrize("given_up", OVER)
def test_a_late_success_is_the_truth_whatever_was_given_up(given_up):
    assert RANK[Status.SUCCEEDED] > RANK[given_up]


@pytest.mark.parametrize(("one", "other"), list(permutations(OVER, 2)))
def test_one_end_does_not_take_the_place_of_another(one, other):
    assert RANK[one] == RANK[other]
