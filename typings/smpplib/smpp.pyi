from typing import Protocol

from smpplib.command import Command

class Numbers(Protocol):
    sequence: int
    def next_sequence(self) -> int: ...

def make_pdu(command_name: str, *, client: Numbers, **fields: str | int | bytes) -> Command: ...
def parse_pdu(
    data: bytes, *, client: Numbers, allow_unknown_opt_params: bool = False
) -> Command: ...
