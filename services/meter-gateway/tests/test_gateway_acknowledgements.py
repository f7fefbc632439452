"""PUBACKs: in the order of arrival, each once, none for a message of an earlier connection."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from meter_gateway.mqtt.acknowledgements import AcknowledgementQueue, Ticket


class Acknowledging(RuleBasedStateMachine):
    """Messages come, finish in any order, and connections are lost in between."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = AcknowledgementQueue()
        self.arrived: list[Ticket] = []
        self.lost: list[Ticket] = []
        self.acknowledged: list[int] = []
        self.next_id = 1

    @rule()
    def arrives(self) -> None:
        self.arrived.append(self.queue.received(self.next_id))
        self.next_id += 1

    @precondition(lambda self: self.arrived or self.lost)
    @rule(data=st.data())
    def finishes(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.arrived + self.lost)).done = True

    @rule()
    def acknowledges(self) -> None:
        self.acknowledged += self.queue.take_finished()

    @rule()
    def reconnects(self) -> None:
        self.queue.reconnected()
        self.lost += self.arrived
        self.arrived, self.acknowledged, self.next_id = [], [], 1

    @invariant()
    def acknowledged_is_a_finished_prefix(self) -> None:
        count = len(self.acknowledged)
        assert self.acknowledged == [ticket.message_id for ticket in self.arrived[:count]]
        assert all(ticket.done for ticket in self.arrived[:count])
        assert len(self.queue) == len(self.arrived) - count

    @invariant()
    def only_tickets_of_this_connection_are_current(self) -> None:
        assert all(self.queue.is_current(ticket) for ticket in self.arrived)
        assert not any(self.queue.is_current(ticket) for ticket in self.lost)


TestAcknowledging = Acknowledging.TestCase


def test_the_prefix_waits_for_its_first_message() -> None:
    queue = AcknowledgementQueue()
    first, second, third = (queue.received(message_id) for message_id in (7, 8, 9))
    second.done = True
    assert queue.take_finished() == []
    first.done = True
    assert queue.take_finished() == [7, 8]
    third.done = True
    assert queue.take_finished() == [9]
    assert len(queue) == 0
