"""What requests of several services have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

PRINTABLE = r"^[^\s\p{C}]([^\p{C}]*[^\s\p{C}])?$"
"""Any printable characters, none of space at the ends."""


class Body(BaseModel):
    """Of a request: a field that we do not know is refused."""

    model_config = ConfigDict(extra="forbid")


class Reason(Body):
    """Why a person does what is asked; kept with it, and with who asked."""

    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=PRINTABLE)]
