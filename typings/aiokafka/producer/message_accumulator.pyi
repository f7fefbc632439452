from collections.abc import Sequence

class BatchBuilder:
    def append(
        self,
        *,
        timestamp: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]] = ...,
    ) -> object | None: ...
    def record_count(self) -> int: ...
