"""The registry: a compact set that behaves as a set, and asks the database before it says no."""

import tracemalloc
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from meter_gateway.devices.meter_ids import MeterIds
from meter_gateway.devices.registry import Registry

ids = st.text("abc019_-", min_size=1, max_size=6)


@given(st.lists(st.lists(ids)), st.lists(ids))
def test_behaves_as_a_set(added: list[list[str]], asked: list[str]) -> None:
    known, model = MeterIds(), set[str]()
    for portion in added:
        known.add(portion)
        model.update(portion)
    assert len(known) == len(model)
    assert all(meter_id in known for meter_id in model)
    assert [meter_id in known for meter_id in asked] == [meter_id in model for meter_id in asked]


def test_grows_and_stays_small() -> None:
    count = 200_000
    tracemalloc.start()
    known = MeterIds()
    known.add(f"m-{number}" for number in range(count))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(known) == count
    assert all(f"m-{number}" in known for number in range(0, count, 997))
    assert not any(f"x-{number}" in known for number in range(10_000))
    assert held < 24 * count


async def test_what_is_not_known_is_looked_for_once_a_batch() -> None:
    stored, asked = {"here", "elsewhere"}, list[set[str]]()

    async def find(meter_ids: Sequence[str]) -> set[str]:
        asked.append(set(meter_ids))
        return stored & set(meter_ids)

    registry = Registry(find=find)
    registry.add(["here"])
    await registry.look_for(["here", "elsewhere", "nowhere", "nowhere"])
    assert asked == [{"elsewhere", "nowhere"}]
    assert "elsewhere" in registry
    assert "nowhere" not in registry

    # Registered by another replica a moment later: the next reading is taken.
    stored.add("nowhere")
    await registry.look_for(["nowhere"])
    assert "nowhere" in registry

    await registry.look_for(["here", "elsewhere", "nowhere"])
    assert len(asked) == 2
