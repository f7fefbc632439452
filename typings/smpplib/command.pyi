class Command:
    command: str
    status: int
    sequence: int
    # Of submit_sm_resp.
    message_id: bytes | None
    # Of deliver_sm.
    esm_class: int | None
    source_addr: bytes | None
    source_addr_ton: int | None
    data_coding: int | None
    sar_msg_ref_num: int | None
    sar_total_segments: int | None
    sar_segment_seqnum: int | None
    short_message: bytes | None
    message_payload: bytes | None
    receipted_message_id: bytes | None
    message_state: int | None

    def is_response(self) -> bool: ...
    def generate(self) -> bytes: ...
