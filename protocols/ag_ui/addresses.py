"""Which addresses may be opened for a client (pure).

Whoever can make a server open an address stands inside its network. So only http and https on their
own ports, without credentials; and of the internet addresses behind a name only those that anybody
could reach from anywhere.
"""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from httpx import URL, InvalidURL

from protocols.ag_ui.media import Unopened

_LONGEST_URL = 8192
_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(rb"[A-Za-z0-9._:-]+")  # a name or a number; no zone, nothing in percent signs

_NEVER_PUBLIC = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # "this host"
        "100.64.0.0/10",  # carriers' networks, with the metadata service of Alibaba
        "168.63.129.16/32",  # platform channel of Azure, a public address by its number
        "169.254.0.0/16",  # link-local, with the metadata services of most clouds
        "192.0.0.0/24",  # protocol assignments, with the metadata service of Oracle
        "192.88.99.0/24",  # relays of 6to4
        "198.18.0.0/15",  # benchmarks
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
# All that is assigned to hosts; outside are loopback, IPv4-mapped, NAT64, local, multicast.
_IPV6_HOSTS = ip_network("2000::/3")
_IPV6_NEVER_PUBLIC = tuple(
    ip_network(network)
    for network in (
        "2001::/23",  # protocol assignments, with IPv4 through Teredo
        "2001:db8::/32",  # documentation
        "2002::/16",  # IPv4 through 6to4
        "3fff::/20",  # documentation
    )
)
_ISATAP = {0x5EFE, 0x0200_5EFE}  # in the third quarter: IPv4 in the last


def checked_url(text: str, base: URL | None = None) -> URL:
    """Read the address of an attachment, or of a redirect from ``base``.

    Raises:
        Unopened: it is not http or https, holds credentials, or names another port.
    """
    if len(text) > _LONGEST_URL:
        raise Unopened("address")
    try:
        url = URL(text) if base is None else base.join(text)
    except (InvalidURL, ValueError):
        raise Unopened("address") from None
    if url.scheme not in _PORTS or url.userinfo or not _HOST.fullmatch(url.raw_host):
        raise Unopened("address")
    if url.port not in (None, *_PORTS.values()):
        raise Unopened("address")
    return url.copy_with(fragment=None)


def port_of(url: URL) -> int:
    """Tell the port of a checked address."""
    return url.port or _PORTS[url.scheme]


def is_public(address: str) -> bool:
    """Tell whether an internet address can be reached by anybody, from anywhere."""
    try:
        number = ip_address(address)
    except ValueError:
        return False
    if isinstance(number, IPv4Address):
        return number.is_global and not any(number in network for network in _NEVER_PUBLIC)
    return _is_public_ipv6(number)


def _is_public_ipv6(number: IPv6Address) -> bool:
    # Whatever carries an IPv4 address inside would pass by the rules for those.
    return (
        number.is_global
        and number.scope_id is None
        and number in _IPV6_HOSTS
        and not any(number in network for network in _IPV6_NEVER_PUBLIC)
        and (int(number) >> 32) & 0xFFFF_FFFF not in _ISATAP
    )
