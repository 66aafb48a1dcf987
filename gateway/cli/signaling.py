"""The signaling requests of WebRTC, as a client makes them: ``{"action": …, "data": …}``."""

from typing import Any

import httpx
import msgspec
from msgspec import Struct

from gateway.cli.address import Address
from gateway.cli.client import SESSION_HEADER, described, reaching, refusal
from gateway.cli.failures import CommandFailed
from protocols.webrtc.options import IceServer, read_ice_url


class GivenServer(Struct, frozen=True):
    """A STUN or TURN server, as ``ice_config`` gives it."""

    urls: str | list[str]
    username: str | None = None
    credential: str | None = None


class IceConfiguration(Struct, frozen=True):
    """The answer of ``ice_config``."""

    ice_servers: list[GivenServer] = msgspec.field(name="iceServers", default_factory=list)


class SdpAnswer(Struct, frozen=True):
    """The answer of ``offer``."""

    pc_id: str
    sdp: str


class _Refusal(Struct, frozen=True):
    error: str | None = None
    code: str = ""


class Signaling:
    """Makes the requests of one call; with ``turn_only`` both ends use TURN servers only."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        address: Address,
        session: str,
        *,
        turn_only: bool = False,
    ) -> None:
        self._client = client
        self._address = address
        self._session = session
        self._policy = {"turnOnly": True} if turn_only else {}

    async def ice_servers(self) -> tuple[IceServer, ...]:
        """Ask which STUN and TURN servers to use; gives those that can be."""
        configuration = await self._request("ice_config", self._policy, IceConfiguration)
        named = [
            read_ice_url(url, given.username, given.credential)
            for given in configuration.ice_servers
            for url in ([given.urls] if isinstance(given.urls, str) else given.urls)
        ]
        return tuple(server for server in named if server is not None)

    async def offer(self, sdp: str, pc_id: str | None = None) -> SdpAnswer:
        """Exchange the descriptions; with the ``pc_id`` of a live call, to move it."""
        data = {"sdp": sdp, "type": "offer", "sessionId": self._session, **self._policy}
        if pc_id is not None:
            data["pc_id"] = pc_id
        return await self._request("offer", data, SdpAnswer)

    async def disconnect(self, pc_id: str) -> None:
        """Hang up."""
        await self._request("disconnect", {"pc_id": pc_id}, Struct)

    async def _request[Answer](
        self, action: str, data: dict[str, Any], kind: type[Answer]
    ) -> Answer:
        with reaching(self._address):
            response = await self._client.post(
                self._address.invocations,
                json={"action": action, "data": data},
                headers={SESSION_HEADER: self._session},
            )
        if response.status_code != 200:
            raise refusal(response.status_code, response.content)
        try:
            refused = msgspec.json.decode(response.content, type=_Refusal)
            if refused.error is not None:
                raise described(refused.error, refused.code, action)
            return msgspec.json.decode(response.content, type=kind)
        except msgspec.MsgspecError:
            raise CommandFailed(f"{self._address.base} does not speak WebRTC signaling") from None
