"""Which addresses of a client media may be tried with (pure).

aioice sends a STUN request to whatever address a candidate names, and asks the multicast for names
in ``.local``. So only plain UDP addresses that can be a client's pass; those that browsers send as
a matter of course (TCP, ``.local``, IPv6 link-local) are left out in silence.
"""

import re
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from msgspec import Struct

from protocols.contract.errors import InvalidInput

_CANDIDATE = re.compile(
    r"(?:a=)?(?:candidate:)?(?P<foundation>[!-~]{1,32}) (?P<component>[0-9]{1,3}) "
    r"(?P<transport>[A-Za-z0-9-]{1,16}) (?P<priority>[0-9]{1,10}) (?P<address>[!-~]{1,253}) "
    r"(?P<port>[0-9]{1,5}) typ (?P<type>host|srflx|prflx|relay)(?: .*)?"
)
_LONGEST_CANDIDATE = 1024
_HIGHEST_PRIORITY = 2**31 - 1
_LOWEST_PORT = 1024  # below are services, not clients
_RTP_COMPONENT = 1

_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
_PRIVATE = (
    ip_network("10.0.0.0/8"),
    ip_network("172.16.0.0/12"),
    ip_network("192.168.0.0/16"),
    ip_network("100.64.0.0/10"),  # of carriers, and of overlay networks
    ip_network("fc00::/7"),
)
_NEVER_A_CLIENT = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # unspecified: "this host"
        "169.254.0.0/16",  # link-local, with the metadata services of most clouds
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        "100.100.100.200/32",  # metadata (Alibaba)
        "168.63.129.16/32",  # platform channel (Azure)
        "192.0.0.0/24",  # protocol assignments, metadata (Oracle)
        "::/96",  # unspecified, IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped, which would pass by the IPv4 rules
        "64:ff9b::/96",  # IPv4 through NAT64
        "64:ff9b:1::/48",
        "2001::/32",  # IPv4 through Teredo
        "2002::/16",  # IPv4 through 6to4
        "fd00:ec2::/32",  # metadata (AWS)
        "fe80::/10",  # link-local
        "fec0::/10",  # site-local
        "ff00::/8",  # multicast
    )
)


class Candidate(Struct, frozen=True):
    """An address of the client that may be tried."""

    foundation: str
    priority: int
    address: str
    port: int
    type: str

    @property
    def attribute(self) -> str:
        """The candidate as an attribute of SDP."""
        return (
            f"candidate:{self.foundation} {_RTP_COMPONENT} udp {self.priority} "
            f"{self.address} {self.port} typ {self.type}"
        )


def read_candidate(text: str, *, loopback: bool, private: bool = True) -> Candidate | None:
    """Read a candidate; None stands for one that is well-formed and left out.

    Args:
        text: as in SDP, with or without ``a=`` and ``candidate:``.
        loopback: whether 127.0.0.1 and ::1 may pass.
        private: whether addresses of private networks may pass.

    Raises:
        InvalidInput: it is no candidate.
    """
    match = _CANDIDATE.fullmatch(text) if len(text) <= _LONGEST_CANDIDATE else None
    if match is None or int(match["port"]) > 65_535 or int(match["priority"]) > _HIGHEST_PRIORITY:
        raise InvalidInput(
            "A candidate is not as RFC 8839 writes it. Send it as the browser gave it: "
            '"candidate:<foundation> 1 udp <priority> <address> <port> typ host".'
        )
    if int(match["component"]) != _RTP_COMPONENT or match["transport"].lower() != "udp":
        return None
    if int(match["port"]) < _LOWEST_PORT or match["type"] == "prflx":
        return None
    address = _address(match["address"])
    if address is None or not _may_be_tried(address, loopback, private):
        return None
    return Candidate(
        match["foundation"], int(match["priority"]), str(address), int(match["port"]), match["type"]
    )


def _address(text: str) -> IPv4Address | IPv6Address | None:
    if "%" in text:
        return None  # with a zone: link-local
    try:
        return ip_address(text)
    except ValueError:
        return None  # a name, such as the .local ones of browsers that hide their addresses


def _may_be_tried(address: IPv4Address | IPv6Address, loopback: bool, private: bool) -> bool:
    if _is_in(address, _LOOPBACK):
        return loopback
    if _is_in(address, _PRIVATE) and not private:
        return False
    return not _is_in(address, _NEVER_A_CLIENT)


def _is_in(
    address: IPv4Address | IPv6Address, networks: tuple[IPv4Network | IPv6Network, ...]
) -> bool:
    return any(address in network for network in networks)
