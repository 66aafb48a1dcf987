"""How our side of a call finds its way: what it may use, and what it found."""

from aiortc import RTCConfiguration, RTCPeerConnection
from aiortc.rtcconfiguration import RTCIceTransportPolicy
from aiortc.rtcicetransport import RTCIceTransport

from protocols.contract.errors import Unavailable
from protocols.webrtc.gathering import Gathering
from protocols.webrtc.guard import Gate
from protocols.webrtc.ice_servers import IcePlan

_ROUNDABOUT = ("relay", "srflx", "prflx", "host")


def configuration(plan: IcePlan) -> RTCConfiguration:
    """Configure aiortc, which must not ask servers itself (without a list, it asks a public one).

    Raises:
        Unavailable: only relays may be used, and none is set that could be.
    """
    if plan.relay_only and not any(server.is_usable_relay for server in plan.servers):
        raise Unavailable(
            "turnOnly needs a TURN server over UDP, TCP or TLS, and none is set: "
            "set GATEWAY_ICE_SERVERS, or leave turnOnly out."
        )
    policy = RTCIceTransportPolicy.RELAY if plan.relay_only else RTCIceTransportPolicy.ALL
    return RTCConfiguration(iceServers=[], iceTransportPolicy=policy)


def gather_by(peer_connection: RTCPeerConnection, plan: IcePlan) -> list[Gate]:
    """Let a connection gather candidates as planned, and hear nobody but its client.

    To be called when the transports exist and before candidates are gathered. Gives the gate of
    each transport.
    """
    return [
        Gathering(transport.iceGatherer._connection, plan).gate
        for transport in _transports(peer_connection)
    ]


def has_relay(peer_connection: RTCPeerConnection) -> bool:
    """Tell whether a TURN server gave us an address."""
    return any(
        candidate.type == "relay"
        for transport in _transports(peer_connection)
        for candidate in transport.iceGatherer.getLocalCandidates()
    )


def has_address(peer_connection: RTCPeerConnection) -> bool:
    """Tell whether there is any address at which we can be reached."""
    return any(
        transport.iceGatherer.getLocalCandidates() for transport in _transports(peer_connection)
    )


def offer_loopback(peer_connection: RTCPeerConnection) -> None:
    """Let a connection gather a candidate on 127.0.0.1 too, which aioice leaves out.

    A machine without a network has no other address, and a client on the same machine may have no
    other. To be called as ``gather_by``.
    """
    gather_by(peer_connection, IcePlan(loopback=True))


def path_of(peer_connection: RTCPeerConnection) -> str:
    """Name the way that media take: the most roundabout end of the pairs that were nominated."""
    pairs = [
        pair
        for transport in _transports(peer_connection)
        for pair in transport.iceGatherer._connection._nominated.values()
    ]
    ends = {end.type for pair in pairs for end in (pair.local_candidate, pair.remote_candidate)}
    return next((path for path in _ROUNDABOUT if path in ends), "unknown")


def _transports(peer_connection: RTCPeerConnection) -> set[RTCIceTransport]:
    found = {
        transceiver.receiver.transport.transport
        for transceiver in peer_connection.getTransceivers()
    }
    if peer_connection.sctp is not None:
        found.add(peer_connection.sctp.transport.transport)
    return found
