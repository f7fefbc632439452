class Command:
    command: str
    status: int
    sequence: int
    # Of submit_sm_resp.
    message_id: bytes | None
    # Of deliver_sm.
    esm_class: int | None
    data_coding: int | None
    short_message: bytes | None
    message_payload: bytes | None
    receipted_message_id: bytes | None
    message_state: int | None

    def is_response(self) -> bool: ...
    def generate(self) -> bytes: ...
