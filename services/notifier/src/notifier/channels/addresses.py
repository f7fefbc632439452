"""Which addresses of the network may be asked, where somebody else says whom to ask: not our own
neighbours, whom nobody outside could reach."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""IPv4 in IPv6, as translators know it (RFC 6052)."""
_UNICAST = IPv6Network("2000::/3")
"""All that was given out to be asked from everywhere (RFC 4291, 2.4): what lies beside it is local,
or an IPv4 address in another notation."""
_LOW_32 = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Reach:
    """``networks``: what may be asked though it is not public."""

    networks: tuple[Network, ...] = ()

    def permits(self, address: Address) -> bool:
        """Whether it is public, or one of ours that may be asked.

        >>> Reach().permits(ip_address("169.254.169.254"))
        False
        >>> Reach((IPv4Network("10.1.0.0/16"),)).permits(ip_address("10.1.2.3"))
        True
        """
        return self.is_ours(address) or is_public(address)

    def is_ours(self, address: Address) -> bool:
        """Whether it is of a network that was named."""
        return any(
            within in network
            for network in self.networks
            for within in (address, _carried(address))
            if within is not None and within.version == network.version
        )


def is_public(address: Address) -> bool:
    """Whether everybody could ask it. An IPv6 address that stands for one of IPv4 is what that is.

    >>> [is_public(ip_address(each)) for each in ("93.184.216.34", "::ffff:127.0.0.1", "fe80::1")]
    [True, False, False]
    >>> [is_public(ip_address(each)) for each in ("2606:4700::1", "::127.0.0.1")]
    [True, False]
    """
    carried = _carried(address)
    if carried is not None:
        return is_public(carried)
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return False
    return address.is_global and not address.is_multicast


def address_in(host: str) -> Address | None:
    """None where the host is a name."""
    try:
        return ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def _carried(address: Address) -> IPv4Address | None:
    if not isinstance(address, IPv6Address):
        return None
    if address in _TRANSLATED:
        return IPv4Address(int(address) & _LOW_32)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
