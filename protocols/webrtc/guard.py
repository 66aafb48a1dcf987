"""Nobody but the client of a call is heard on its sockets.

aioice hands every datagram that is not STUN upward, whoever sent it: one DTLS hello of a stranger
ends a handshake, an empty datagram the transport. Here, what comes from an address that has not
proved to be the client's (a candidate that it told of, or a check signed with its password) passes
only if it is well-formed STUN, which aioice checks itself.

A check of ours that was sent too early (a relay or a NAT did not know us yet) is sent again as soon
as one of the client has come through: aioice alone waits half a second (RFC 8445, 7.3.1.4).
"""

import struct
import time
from contextlib import suppress
from typing import Any

from aioice import Connection, stun
from aioice.ice import StunProtocol

type Address = tuple[str, int]

_LAST_FIRST_BYTE_OF_STUN = 3  # RFC 7983, section 7


class Gate:
    """Knows the addresses of the client of one ICE connection, and when it was last heard."""

    def __init__(self, connection: Connection) -> None:
        self.heard_at = time.monotonic()
        self.dropped = 0
        self._connection = connection
        self._known: set[tuple[Any, ...]] = set()

    def admits(self, source: tuple[Any, ...]) -> bool:
        """Tell whether an address is the client's; candidates are never taken back."""
        if source in self._known:
            return True
        host, port = source[:2]  # more follows of IPv6
        if any(
            candidate.port == port and candidate._network_host == host
            for candidate in self._connection._remote_candidates
        ):
            self._known.add(source)
            return True
        return False

    async def probe(self) -> None:
        """Ask the client for a sign of life; an answer counts as heard."""
        connection = self._connection
        password = connection.remote_password
        for pair in list(connection._nominated.values()):
            if password is None:
                return
            request = connection.build_request(pair, nominate=False)
            with suppress(stun.TransactionError):
                await pair.protocol.request(
                    request, pair.remote_addr, integrity_key=password.encode(), retransmissions=0
                )


class GuardedProtocol(StunProtocol):
    """A socket of ours, or an allocation on a relay, behind the gate."""

    def __init__(self, connection: Connection, gate: Gate) -> None:
        super().__init__(connection)
        self._gate = gate
        self._asked: dict[Address, stun.Message] = {}

    def datagram_received(self, data: bytes | str, addr: tuple[Any, ...]) -> None:
        """Take a datagram off the network."""
        gate = self._gate
        if data and gate.admits(addr):
            gate.heard_at = time.monotonic()
            if isinstance(data, bytes) and data[0] > _LAST_FIRST_BYTE_OF_STUN:
                self.receiver.data_received(data, self.local_candidate.component)
                return
        if isinstance(data, bytes) and _is_stun(data):
            super().datagram_received(data, addr)
        else:
            gate.dropped += 1

    async def request(
        self,
        request: stun.Message,
        addr: Address,
        integrity_key: bytes | None = None,
        retransmissions: int | None = None,
    ) -> tuple[stun.Message, Address]:
        """Ask, and wait for the answer."""
        self._asked[addr] = request
        try:
            return await super().request(request, addr, integrity_key, retransmissions)
        finally:
            if self._asked.get(addr) is request:
                del self._asked[addr]

    def send_stun(self, message: stun.Message, addr: Address) -> None:
        """Send a message; one that says yes to the client's check is followed by our own."""
        super().send_stun(message, addr)
        if message.message_class == stun.Class.RESPONSE and addr in self._asked:
            super().send_stun(self._asked[addr], addr)


def _is_stun(data: bytes) -> bool:
    if not data or data[0] > _LAST_FIRST_BYTE_OF_STUN:
        return False
    try:
        stun.parse_message(data)
    except (ValueError, struct.error):  # aioice lets the second one through
        return False
    return True
