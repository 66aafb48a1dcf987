"""Signaling: the four actions of WebRTC at the door (interface, section 5).

A connection's id is unguessable, and good only for its caller and session.
"""

import time
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from observability.requests import peer_failed
from protocols.contract.conversations import SessionKey
from protocols.contract.errors import (
    Detail,
    GatewayError,
    InvalidInput,
    NotFound,
    Unavailable,
)
from protocols.contract.inputs import ClientTool, Json, LiveOptions
from protocols.invocation import ActionHandler, ActionRequest
from protocols.webrtc.offer import Offer, read_offer
from protocols.webrtc.options import IceServer
from protocols.webrtc.peers import Answer, Call, Peers

type SessionId = Annotated[str, Meta(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]+\Z")]

_MOST_CANDIDATES_AT_ONCE = 64
_LONGEST_PROBLEM = 200


class _IceConfigData(Struct, frozen=True):
    turnOnly: bool = False  # noqa: N815 - as AWS's sample page writes it, like all members below


class _OfferData(Struct, frozen=True):
    sdp: str
    type: str = "offer"
    turnOnly: bool = False  # noqa: N815
    sessionId: SessionId | None = None  # noqa: N815
    pc_id: str | None = None
    voice: str | None = None
    language: str | None = None
    tools: tuple[ClientTool, ...] = ()
    lastSeq: int | None = None  # noqa: N815


class _CandidateData(Struct, frozen=True):
    candidate: str | None = None
    sdp_mid: str | None = None
    sdp_mline_index: int | None = None


class _CandidatesData(Struct, frozen=True):
    pc_id: str
    candidates: Annotated[list[_CandidateData | None], Meta(max_length=_MOST_CANDIDATES_AT_ONCE)]
    sessionId: SessionId | None = None  # noqa: N815


class _DisconnectData(Struct, frozen=True):
    pc_id: str
    sessionId: SessionId | None = None  # noqa: N815


def signaling_actions(peers: Peers) -> Mapping[str, ActionHandler]:
    """Make the actions, by name."""
    signaling = _Signaling(peers)
    return {
        "ice_config": signaling.ice_config,
        "offer": signaling.offer,
        "ice_candidate": signaling.ice_candidate,
        "disconnect": signaling.disconnect,
    }


class _Signaling:
    """Data in, answers out; what is live is the peers'."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    async def ice_config(self, request: ActionRequest) -> Json:
        """Tell the client its ICE servers."""
        data = _decoded(request, _IceConfigData)
        found = await self._peers.ice_servers()
        servers = [server for server in found.servers if server.is_relay or not data.turnOnly]
        if data.turnOnly:
            found.check_relays()
        if data.turnOnly and not servers:
            raise Unavailable(
                "turnOnly needs a TURN server, and none is set: set GATEWAY_ICE_SERVERS, "
                "or leave turnOnly out."
            )
        return {
            "iceServers": [_shown(server) for server in servers],
            "ttl": found.seconds_left(time.monotonic()),
        }

    async def offer(self, request: ActionRequest) -> Json:
        """Answer an offer."""
        data = _decoded(request, _OfferData)
        try:
            offer = read_offer(
                data.sdp,
                data.type,
                loopback=self._peers.allows_loopback,
                private=self._peers.options.private_candidates,
            )
        except GatewayError:
            peer_failed("sdp")
            raise
        answer = await self._answered(request, data, offer)
        return {"pc_id": answer.pc_id, "sdp": answer.sdp, "type": "answer"}

    async def ice_candidate(self, request: ActionRequest) -> Json:
        """Take more addresses of the client."""
        data = _decoded(request, _CandidatesData)
        session_id = _session_id(request, data.sessionId)
        peer = self._peers.find(data.pc_id, request.session.caller, session_id)
        for item in data.candidates:
            text = item.candidate if item is not None else None
            await peer.add_candidate(data.pc_id, text or "")
        return {"status": "success"}

    async def disconnect(self, request: ActionRequest) -> Json:
        """Hang up; a call that is gone already is fine, too."""
        data = _decoded(request, _DisconnectData)
        session_id = _session_id(request, data.sessionId)
        try:
            peer = self._peers.find(data.pc_id, request.session.caller, session_id)
        except NotFound:
            return {"status": "success"}
        await peer.aclose()
        return {"status": "success"}

    async def _answered(self, request: ActionRequest, data: _OfferData, offer: Offer) -> Answer:
        session_id = _session_id(request, data.sessionId)
        if data.pc_id:
            peer = self._peers.find(data.pc_id, request.session.caller, session_id)
            peer.note_seen(data.lastSeq)
            return await self._peers.take_over(peer, offer, relay_only=data.turnOnly)
        call = Call(
            session=SessionKey(request.session.caller, session_id or request.session.id),
            offer=offer,
            relay_only=data.turnOnly,
            options=LiveOptions(voice=data.voice, language=data.language, client_tools=data.tools),
        )
        return await self._peers.begin(call, request.conversations)


def _session_id(request: ActionRequest, in_data: str | None) -> str | None:
    """Tell which session the caller named: the request's own name wins over the data's."""
    return request.session.id if request.session_given else in_data


def _shown(server: IceServer) -> dict[str, Any]:
    shown: dict[str, Any] = {"urls": [server.url]}
    if server.is_relay:
        shown |= {"username": server.username, "credential": server.credential}
    return shown


def _decoded[M: Struct](request: ActionRequest, kind: type[M]) -> M:
    try:
        return msgspec.convert(request.data, kind)
    except msgspec.ValidationError as error:
        # msgspec writes "<problem> - at `$.<path>`", about our own schema
        problem, _, path = str(error).partition(" - at `$")
        place = f"$.data{path.rstrip('`')}"
        raise InvalidInput(
            f"The data of this action is not as it should be: {problem} at {place}.",
            [Detail(place, problem[:_LONGEST_PROBLEM])],
        ) from error
