"""What requests of several services have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema

from prewatt_common.http.json_types import hold_to_json_types

PRINTABLE = r"^[^\s\p{C}]([^\p{C}]*[^\s\p{C}])?$"
"""Any printable characters, none of space at the ends."""


class Body(BaseModel):
    """Of a request: a field that we do not know is refused, and so is a value of another JSON type
    than OpenAPI says. Pydantic takes ``true`` or ``"1"`` for the integer 1 otherwise, ``"no"`` for
    false, and a number for the instant so many seconds after 1970."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[BaseModel], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return hold_to_json_types(handler(source))


class Reason(Body):
    """Why a person does what is asked; kept with it, and with who asked."""

    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=PRINTABLE)]
