from typing import Any, ClassVar, Generic, TypeVar

from aiokafka.protocol.types import Schema

class Response:
    API_KEY: ClassVar[int]
    API_VERSION: ClassVar[int]
    SCHEMA: ClassVar[Schema]
    topics: Any

class RequestStruct:
    FLEXIBLE_VERSION: ClassVar[bool]
    API_KEY: ClassVar[int]
    API_VERSION: ClassVar[int]
    RESPONSE_TYPE: ClassVar[type[Response]]
    SCHEMA: ClassVar[Schema]
    def __init__(self, *values: object) -> None: ...

StructT = TypeVar("StructT", bound=RequestStruct)

class Request(Generic[StructT]):
    API_KEY: ClassVar[int]
    def build(self, request_struct_class: type[StructT]) -> StructT: ...
