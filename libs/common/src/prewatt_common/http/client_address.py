"""From which address a request came, where proxies of our own stand before the service."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_NETWORK_BITS = 64


def client_address(*, peer: str, forwarded: Sequence[str], hops: int) -> str:
    """The client's address, as it is counted by: as `caller_address`, of IPv6 its network of 64
    bits.

    >>> client_address(peer="2001:db8::7", forwarded=[], hops=0)
    '2001:db8::/64'
    """
    caller = caller_address(peer=peer, forwarded=forwarded, hops=hops)
    address = _address(caller)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, _NETWORK_BITS), strict=False))
    return caller


def caller_address(*, peer: str, forwarded: Sequence[str], hops: int) -> str:
    """The client's address, whole.

    ``peer``: the other end of the connection. ``forwarded``: the request's X-Forwarded-For headers.
    ``hops``: how many proxies of ours a request passes; each adds the address that it was called
    from at the end. What stands before those anybody may have written, and it is not looked at:
    with no proxy nothing is. Fewer entries than proxies: it came round the outer ones.

    >>> caller_address(peer="10.0.0.7", forwarded=["203.0.113.9"], hops=0)
    '10.0.0.7'
    >>> caller_address(peer="10.0.0.7", forwarded=["1.1.1.1, 203.0.113.9"], hops=1)
    '203.0.113.9'
    """
    entries = [entry.strip() for header in forwarded for entry in header.split(",")]
    found = None if not entries or hops == 0 else _address(entries[-min(hops, len(entries))])
    address = found or _address(peer)
    return peer if address is None else str(address)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """As proxies write it: bare, or with a port, of IPv6 in brackets then."""
    bare = text
    if text.startswith("["):
        bare = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        bare = text.partition(":")[0]
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
