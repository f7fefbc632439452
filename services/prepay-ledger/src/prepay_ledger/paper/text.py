"""A slip as text for a roll of 80 mm: pure. A Chinese character takes two columns."""

import unicodedata
from collections.abc import Sequence

from prepay_ledger.paper.values import Block, Slip, Weight

COLUMNS = 42
_RULE = "-" * COLUMNS


def slip_text(slip: Slip) -> str:
    """In `COLUMNS`; without the code, which text cannot draw."""
    lines = [centred(slip.issuer), centred(slip.title)]
    if slip.mark:
        lines.append(centred(slip.mark))
    for block in slip.blocks:
        lines += [_RULE, *_block(block)]
    lines += [_RULE, centred(slip.closing)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _block(block: Block) -> Sequence[str]:
    lines = [centred(block.mark)] if block.mark else []
    for line in block.lines:
        indent = "  " if line.weight is Weight.PART else ""
        lines += pair(indent + line.name, line.value)
    return lines


def width(text: str) -> int:
    """Columns on the roll: two for a wide character, none for what is drawn over another.

    >>> width("余额 5"), width("a")
    (6, 1)
    """
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1
        for each in text
    )


def pair(name: str, value: str) -> Sequence[str]:
    """A name to the left and a value to the right; on lines of its own where both do not fit."""
    space = COLUMNS - width(name) - width(value)
    if space >= 1:
        return [name + " " * space + value]
    return [name, *(" " * (COLUMNS - width(each)) + each for each in wrapped(value))]


def wrapped(text: str) -> Sequence[str]:
    """Pieces of at most `COLUMNS`, cut where they are full: numbers and Chinese have no spaces."""
    pieces = [""]
    for each in text:
        if width(pieces[-1] + each) > COLUMNS:
            pieces.append("")
        pieces[-1] += each
    return pieces


def centred(text: str) -> str:
    """In the middle of its lines."""
    return "\n".join(" " * ((COLUMNS - width(each)) // 2) + each for each in wrapped(text))
