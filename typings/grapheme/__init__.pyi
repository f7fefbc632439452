"""What we use of graphemeu, which ships no types."""

from collections.abc import Iterator

def graphemes(string: str) -> Iterator[str]: ...
