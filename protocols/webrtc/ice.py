"""How our side of a call finds its way: the ICE configuration, and 127.0.0.1 where it is wanted."""

from collections.abc import Iterable

from aioice import Connection
from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection
from aiortc.rtcconfiguration import RTCIceTransportPolicy
from aiortc.rtcicetransport import RTCIceTransport

from protocols.contract.errors import Unavailable
from protocols.webrtc.options import IceServer

LOOPBACK = "127.0.0.1"
_ROUNDABOUT = ("relay", "srflx", "prflx", "host")


def configuration(servers: Iterable[IceServer], *, relay_only: bool) -> RTCConfiguration:
    """Choose the servers of our side.

    aiortc takes one STUN and one TURN server, and without a list asks a public one: so the list
    is always given, and what it may hold is chosen here.

    Raises:
        Unavailable: only relays may be used, and none is set that could be.
    """
    servers = tuple(servers)
    relay = next((server for server in servers if _is_usable_relay(server)), None)
    if relay_only and relay is None:
        raise Unavailable(
            "turnOnly needs a TURN server over UDP, TCP or TLS, and none is set: "
            "set GATEWAY_ICE_SERVERS, or leave turnOnly out."
        )
    stun = next((server for server in servers if not server.is_relay), None)
    chosen = (None if relay_only else stun, relay)
    return RTCConfiguration(
        iceServers=[
            RTCIceServer(server.url, server.username, server.credential)
            for server in chosen
            if server is not None
        ],
        iceTransportPolicy=RTCIceTransportPolicy.RELAY if relay_only else RTCIceTransportPolicy.ALL,
    )


def offer_loopback(peer_connection: RTCPeerConnection) -> None:
    """Let a connection gather a candidate on 127.0.0.1 too, which aioice leaves out.

    A machine without a network has no other address, and a client on the same machine may have no
    other. To be called when the transports exist and before candidates are gathered. Adds to the
    addresses that one aioice connection is asked to use: nothing of the libraries is replaced.
    """
    for transport in _transports(peer_connection):
        _gather_on_loopback(transport.iceGatherer._connection)


def path_of(peer_connection: RTCPeerConnection) -> str:
    """Name the way that media take: the most roundabout end of the pairs that were nominated."""
    pairs = [
        pair
        for transport in _transports(peer_connection)
        for pair in transport.iceGatherer._connection._nominated.values()
    ]
    ends = {end.type for pair in pairs for end in (pair.local_candidate, pair.remote_candidate)}
    return next((path for path in _ROUNDABOUT if path in ends), "unknown")


def _is_usable_relay(server: IceServer) -> bool:
    # aiortc speaks no DTLS to a TURN server
    return server.is_relay and (server.scheme, server.transport) != ("turns", "udp")


def _transports(peer_connection: RTCPeerConnection) -> set[RTCIceTransport]:
    found = {
        transceiver.receiver.transport.transport
        for transceiver in peer_connection.getTransceivers()
    }
    if peer_connection.sctp is not None:
        found.add(peer_connection.sctp.transport.transport)
    return found


def _gather_on_loopback(connection: Connection) -> None:
    gather = connection.get_component_candidates

    async def gather_on_loopback_too(
        component: int, addresses: list[str], timeout: int = 5
    ) -> list[object]:
        return [*await gather(component, [*addresses, LOOPBACK], timeout)]

    # Set on the one object, as its own attribute: the class stays as it is.
    vars(connection)["get_component_candidates"] = gather_on_loopback_too
