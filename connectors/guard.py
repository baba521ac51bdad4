"""Which machines an address that a person gives may lead to. Asked when the connection is made, not before: a name that
is looked up twice may give two answers. Pure but for look_up().
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# Whether a connection to this address may be made.
Allows = Callable[[Address], bool]
# Host and port to the addresses that it has.
LookUp = Callable[[str, int], Sequence[str]]

# Where the clouds tell a machine its own secrets: the link-local ones, Alibaba's, Oracle's, Amazon's over IPv6, and
# Azure's, which is an address of the internet and answers inside only.
_METADATA = tuple(
    ipaddress.ip_address(text) for text in ("100.100.100.200", "192.0.0.192", "fd00:ec2::254", "168.63.129.16")
)

# IPv6 addresses that end with an IPv4 one: RFC 6052 and 8215 (NAT64), RFC 4291 §2.5.5.1 (compatible, given up).
_ENDING = tuple(ipaddress.IPv6Network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "::/96"))
# Neither of the internet nor of any network, though Python's ipaddress counts them as global: the compatible ones and
# the site-local ones (RFC 3879).
_GIVEN_UP = tuple(ipaddress.IPv6Network(text) for text in ("::/96", "fec0::/10"))


def is_public(address: Address) -> bool:
    """Anybody's on the internet: neither this machine nor anything of its neighbourhood, in whatever disguise."""
    inner = _disguised(address)
    bad = not address.is_global or address.is_multicast or address in _METADATA
    bad = bad or any(address in network for network in _GIVEN_UP)
    return not bad and (inner is None or is_public(inner))


def is_no_trap(address: Address) -> bool:
    """May be on the intranet (gateways of an office are), but is nothing that gives secrets away."""
    inner = _disguised(address)
    bad = address.is_link_local or address.is_unspecified or address.is_multicast or address in _METADATA
    return not bad and (inner is None or is_no_trap(inner))


def is_web(url: str) -> bool:
    """http or https with a host and without a user's name."""
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
        )
    except ValueError:
        return False


def _disguised(address: Address) -> Address | None:
    """The IPv4 address that an IPv6 one carries: mapped, compatible, 6to4, Teredo, NAT64."""
    if isinstance(address, ipaddress.IPv4Address) or address.is_unspecified or address.is_loopback:
        return None
    if any(address in network for network in _ENDING):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def look_up(host: str, port: int) -> list[str]:
    """Every address of `host`; as socket.getaddrinfo raises."""
    return list(dict.fromkeys(str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


def barred(found: Sequence[str], allows: Allows) -> bool:
    """Whether any of these addresses must not be asked: a name that also leads inside is not trusted at all."""
    return any(not allows(ipaddress.ip_address(text.partition("%")[0])) for text in found)
