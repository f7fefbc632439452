"""SMPP 3.4 on the wire, by smpplib's codec."""

from struct import Struct, error

from smpplib.command import Command
from smpplib.exceptions import UnknownCommandError
from smpplib.smpp import make_pdu, parse_pdu

from notifier.channels.smpp.rules import Address

HEADER_OCTETS = 16
LENGTH = Struct(">L")
_IDENTITY = Struct(">LLLL")
_VERSION_3_4 = 0x34
_HAS_HEADER = 0x40
_FINAL_RECEIPT = 1
_RESPONSE = 0x80000000


class _Unnumbered:
    """What the codec asks for numbers: a session gives them as it sends."""

    sequence = 0

    def next_sequence(self) -> int:
        """None yet."""
        return 0


_UNNUMBERED = _Unnumbered()


class Unreadable(Exception):
    """What came is no PDU that we know. ``sequence`` is whose answer it claims to be, if one's."""

    def __init__(self, *, command_id: int, status: int, sequence: int) -> None:
        super().__init__(f"an unreadable PDU 0x{command_id:08X}")
        self.status = status
        self.sequence = sequence
        self.is_response = bool(command_id & _RESPONSE)


def read(octets: bytes) -> Command:
    """One whole PDU. Raises `Unreadable`."""
    _, command_id, status, sequence = _IDENTITY.unpack_from(octets)
    try:
        return parse_pdu(octets, client=_UNNUMBERED, allow_unknown_opt_params=True)
    except (UnknownCommandError, error, KeyError, ValueError, IndexError) as wrong:
        raise Unreadable(command_id=command_id, status=status, sequence=sequence) from wrong


def bind(*, system_id: str, password: str, system_type: str) -> Command:
    """To send and to receive."""
    return make_pdu(
        "bind_transceiver",
        client=_UNNUMBERED,
        system_id=system_id,
        password=password,
        system_type=system_type,
        interface_version=_VERSION_3_4,
        addr_ton=0,
        addr_npi=0,
        address_range="",
    )


def submit(
    *,
    source: Address,
    destination: Address,
    octets: bytes,
    has_header: bool,
    data_coding: int,
    validity: str,
    receipt: bool,
) -> Command:
    """One part of a text."""
    return make_pdu(
        "submit_sm",
        client=_UNNUMBERED,
        source_addr_ton=source.type_of_number,
        source_addr_npi=source.numbering_plan,
        source_addr=source.number,
        dest_addr_ton=destination.type_of_number,
        dest_addr_npi=destination.numbering_plan,
        destination_addr=destination.number,
        esm_class=_HAS_HEADER if has_header else 0,
        validity_period=validity,
        registered_delivery=_FINAL_RECEIPT if receipt else 0,
        data_coding=data_coding,
        short_message=octets,
        sm_length=len(octets),
    )


def bare(command: str, *, status: int = 0) -> Command:
    """One that has a header and nothing else that we fill in."""
    made = make_pdu(command, client=_UNNUMBERED)
    made.status = status
    return made


def write(pdu: Command, *, sequence: int) -> bytes:
    """As it goes out."""
    pdu.sequence = sequence
    return pdu.generate()
