"""Texts that are stored of many rows of a block, a formatting for all of them."""

from collections.abc import Sequence

import msgspec
import numpy as np

from prepay_ledger.charging.standing import Block
from prewatt_metering.usage.batch import Ints


def piece_texts(block: Block) -> list[str]:
    """Of each row Wh by piece of the open day, as PostgreSQL writes an array."""
    rows: list[list[int]] = block.numbers[:, block.common.pieces].tolist()
    text = str(rows)[1:-1].replace("], [", "]\n[")
    return text.replace("[", "{").replace("]", "}").split("\n")


def energy_texts(block: Block) -> list[str]:
    """Of each row the period's energy, as `charge_state` has it."""
    part = _as_json(block.common.part)
    wh = block.numbers[:, block.common.energy]
    return dictionary_texts(block.common.simple.slots, wh, begin=f"{{{part}:{{", end="}}")


def posted_texts(block: Block) -> list[str]:
    """Of each row what is posted of the period, as `charge_state` has it."""
    return dictionary_texts(
        block.common.simple.accounts, block.numbers[:, block.common.posted], begin="{", end="}"
    )


def dictionary_texts(names: Sequence[str], values: Ints, *, begin: str, end: str) -> list[str]:
    """Of each row, of at least one, the names with what they have, in the order of the names,
    between ``begin`` and ``end``; without what is zero, and where all is, an empty dictionary.

    >>> dictionary_texts(["b", "a"], np.array([[1, 2], [0, 3], [0, 0]]), begin="{", end="}")
    ['{"a":2,"b":1}', '{"a":3}', '{}']
    """
    order = sorted(range(len(names)), key=names.__getitem__)
    ordered = values[:, order]
    is_some = ordered != 0
    # Rows that have the same names share a form.
    bits = np.array([1 << bit for bit in range(len(names))], object if len(names) > 62 else int)
    sets: list[int] = (is_some @ bits).tolist()
    named = [f"{_escaped(_as_json(names[place]))}:%d" for place in order]
    forms = {0: "{}"}
    for each in set(sets) - {0}:
        some = ",".join(name for bit, name in enumerate(named) if each >> bit & 1)
        forms[each] = f"{_escaped(begin)}{some}{_escaped(end)}"
    text = "\n".join([forms[each] for each in sets]) % tuple(ordered[is_some].tolist())
    return text.split("\n")


def _as_json(name: str) -> str:
    return msgspec.json.encode(name).decode()


def _escaped(text: str) -> str:
    return text.replace("%", "%%")
