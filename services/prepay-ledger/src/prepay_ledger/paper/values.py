"""A slip of paper: what stands on it, whatever it is printed by."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """What slips are printed in."""

    ENGLISH = "en"
    CHINESE = "zh-CN"


class Weight(StrEnum):
    """How a line is set."""

    PLAIN = "plain"
    PART = "part"
    """One of the parts of the line before it."""
    STRONG = "strong"


@dataclass(frozen=True, slots=True)
class Line:
    """A name to the left and its value to the right."""

    name: str
    value: str
    weight: Weight = Weight.PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Lines between two rules. ``mark``: above them, in the middle; empty: none."""

    lines: Sequence[Line]
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """``issuer``: whose paper it is; ``mark``: what must be seen first, such as that it is void;
    ``code``: what a phone reads off the paper (QR), where the printer can draw it, with
    ``code_says`` below."""

    language: Language
    issuer: str
    title: str
    mark: str = ""
    blocks: Sequence[Block]
    closing: str
    code: str | None = None
    code_says: str = ""
