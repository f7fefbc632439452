"""The generated contracts are the same whichever Python writes them."""

import msgspec
import pytest

from prewatt_common.contracts.generate import schema_of

BEFORE_3_13 = "What it is.\n\n    Why it is:\n      - indented on purpose.\n    "
SINCE_3_13 = "What it is.\n\nWhy it is:\n  - indented on purpose.\n"


@pytest.mark.parametrize("docstring", [BEFORE_3_13, SINCE_3_13])
def test_a_docstring_reads_the_same_however_the_compiler_indents_it(docstring: str) -> None:
    inner = msgspec.defstruct("Inner", [("wh", int)], namespace={"__doc__": docstring})
    outer = msgspec.defstruct("Outer", [("inner", inner)], namespace={"__doc__": docstring})
    described = [each["description"] for each in schema_of(outer)["$defs"].values()]
    assert described == ["What it is.\n\nWhy it is:\n  - indented on purpose."] * 2
