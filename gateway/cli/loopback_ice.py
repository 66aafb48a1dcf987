"""Lets ICE use the loopback interface, for a gateway on this very machine.

The one seam of the clients into a library: aioice leaves 127.0.0.1 out of its host candidates
(RFC 8445 section 5.1.1.1), and on a machine without any other interface that leaves none. It looks
addresses up by a function of its module, which is replaced while candidates are gathered.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import aioice.ice

LOOPBACK = "127.0.0.1"


@contextmanager
def loopback_candidates(*, wanted: bool) -> Iterator[None]:
    """Offer 127.0.0.1 besides the other addresses, if wanted, until the context is left."""
    if not wanted:
        yield
        return
    original = aioice.ice.get_host_addresses

    def with_loopback(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        return [LOOPBACK, *original(use_ipv4, use_ipv6)]

    aioice.ice.get_host_addresses = with_loopback
    try:
        yield
    finally:
        aioice.ice.get_host_addresses = original
