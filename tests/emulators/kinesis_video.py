"""Signaling channels of Kinesis Video: the control plane, and the TURN servers of the data plane.

The control plane names the emulator itself as the data endpoint, so one variable leads to both.
"""

import base64
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import uuid4

import msgspec
from msgspec import Meta, Struct

from tests.emulators.http1 import Exchange
from tests.emulators.responses import error_response, response_headers
from tests.emulators.scripting import Records, Refusal, Scripts

_ACCOUNT = "123456789012"

type ChannelName = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_.-]{1,256}$")]

LIMIT_EXCEEDED = Refusal(400, "ClientLimitExceededException", "Request limit was exceeded.")


class Shape(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="pascal"):
    """What all shapes have in common."""


class Tag(Shape, frozen=True, kw_only=True):
    key: str
    value: str


class SingleMaster(Shape, frozen=True, kw_only=True):
    message_ttl_seconds: Annotated[int, Meta(ge=5, le=120)] = 60


class Create(Shape, frozen=True, kw_only=True):
    channel_name: ChannelName
    channel_type: Literal["SINGLE_MASTER", "FULL_MESH"] = "SINGLE_MASTER"
    single_master_configuration: SingleMaster = SingleMaster()
    tags: list[Tag] = []


class Describe(Shape, frozen=True, kw_only=True):
    channel_name: ChannelName | None = None
    channel_arn: str | None = msgspec.field(name="ChannelARN", default=None)


class Delete(Shape, frozen=True, kw_only=True):
    channel_arn: str = msgspec.field(name="ChannelARN")
    current_version: str | None = None


class EndpointConfiguration(Shape, frozen=True, kw_only=True):
    protocols: list[Literal["WSS", "HTTPS", "WEBRTC"]] = []
    role: Literal["MASTER", "VIEWER"] = "VIEWER"


class GetEndpoint(Shape, frozen=True, kw_only=True):
    channel_arn: str = msgspec.field(name="ChannelARN")
    single_master_channel_endpoint_configuration: EndpointConfiguration = EndpointConfiguration()


class GetIceServers(Shape, frozen=True, kw_only=True):
    channel_arn: str = msgspec.field(name="ChannelARN")
    client_id: ChannelName | None = None
    service: Literal["TURN"] = "TURN"
    username: ChannelName | None = None


@dataclass(frozen=True)
class TurnServers:
    """The TURN server that is handed out; ``secret`` is shared with it (coturn's REST scheme)."""

    uris: tuple[str, ...] = (
        "turn:127.0.0.1:443?transport=udp",
        "turns:127.0.0.1:443?transport=udp",
        "turns:127.0.0.1:443?transport=tcp",
    )
    secret: str = "shared with the TURN server"
    life_seconds: int = 300

    def credentials(self, client: str, now: float) -> tuple[str, str]:
        """User name and password that the server takes until they expire."""
        username = f"{int(now) + self.life_seconds}:{client}"
        digest = hmac.digest(self.secret.encode(), username.encode(), "sha1")
        return username, base64.b64encode(digest).decode()


@dataclass(frozen=True)
class Request:
    """One call that was allowed: its operation and its body."""

    operation: str
    body: dict[str, Any]


class _Refused(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


class KinesisVideoService:
    """Channels of one account; ``refusals`` are given to the next calls, None lets one pass.

    A channel that is made is active after ``descriptions_until_active`` descriptions.
    """

    def __init__(self, region: str) -> None:
        self.turn = TurnServers()
        self.refusals: Scripts[Refusal | None] = Scripts(None)
        self.requests: Records[Request] = Records()
        self.descriptions_until_active = 0
        self._region = region
        self._channels: dict[str, dict[str, Any]] = {}

    async def answer(self, exchange: Exchange) -> None:
        """Answer a request whose signature is right."""
        operation = exchange.request.path
        try:
            body = self._perform(operation, exchange)
        except _Refused as refused:
            await exchange.respond(*error_response(refused.refusal))
            return
        headers = response_headers("application/json")
        await exchange.respond(200, headers, json.dumps(body).encode())

    def create(self, name: str) -> str:
        """Make a channel as if it had been there before; gives its ARN."""
        made: str = self._create(Create(channel_name=name))["ChannelARN"]
        return made

    def _perform(self, path: str, exchange: Exchange) -> dict[str, Any]:
        raw = exchange.request.body
        self.requests.add(Request(path.rpartition("/")[2], json.loads(raw or b"{}")))
        if (refusal := self.refusals.take()) is not None:
            raise _Refused(refusal)
        host = exchange.request.header("host")
        return OPERATIONS[path](self, raw, host)

    def _create(self, wanted: Create) -> dict[str, Any]:
        if any(each["ChannelName"] == wanted.channel_name for each in self._channels.values()):
            raise _Refused(Refusal(400, "ResourceInUseException", "The channel exists already."))
        now = time.time()
        owner = f"arn:aws:kinesisvideo:{self._region}:{_ACCOUNT}"
        arn = f"{owner}:channel/{wanted.channel_name}/{int(now * 1000)}"
        self._channels[arn] = {
            "ChannelName": wanted.channel_name,
            "ChannelARN": arn,
            "ChannelType": wanted.channel_type,
            "ChannelStatus": "ACTIVE",
            "CreationTime": now,
            "SingleMasterConfiguration": msgspec.to_builtins(wanted.single_master_configuration),
            "Version": uuid4().hex[:20],
        }
        return {"ChannelARN": arn}

    def _describe(self, wanted: Describe) -> dict[str, Any]:
        for arn, channel in self._channels.items():
            if wanted.channel_arn == arn or wanted.channel_name == channel["ChannelName"]:
                if self.descriptions_until_active:
                    self.descriptions_until_active -= 1
                    return {"ChannelInfo": channel | {"ChannelStatus": "CREATING"}}
                return {"ChannelInfo": channel}
        raise _missing()

    def _delete(self, wanted: Delete) -> dict[str, Any]:
        self._find(wanted.channel_arn)
        del self._channels[wanted.channel_arn]
        return {}

    def _endpoint(self, wanted: GetEndpoint, host: str) -> dict[str, Any]:
        self._find(wanted.channel_arn)
        schemes = {"HTTPS": "https", "WSS": "wss", "WEBRTC": "https"}
        protocols = wanted.single_master_channel_endpoint_configuration.protocols
        named = [
            {"Protocol": each, "ResourceEndpoint": f"{schemes[each]}://{host}"}
            for each in protocols
        ]
        return {"ResourceEndpointList": named}

    def _ice_servers(self, wanted: GetIceServers) -> dict[str, Any]:
        self._find(wanted.channel_arn)
        username, password = self.turn.credentials(wanted.client_id or "viewer", time.time())
        server = {
            "Uris": list(self.turn.uris),
            "Username": username,
            "Password": password,
            "Ttl": self.turn.life_seconds,
        }
        return {"IceServerList": [server]}

    def _find(self, arn: str) -> dict[str, Any]:
        if arn not in self._channels:
            raise _missing()
        return self._channels[arn]


def _read[S: Shape](body: bytes, shape: type[S]) -> S:
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.DecodeError as error:
        raise _Refused(Refusal(400, "InvalidArgumentException", str(error))) from error


def _missing() -> _Refused:
    return _Refused(Refusal(404, "ResourceNotFoundException", "The channel does not exist."))


type Operation = Callable[[KinesisVideoService, bytes, str], dict[str, Any]]

OPERATIONS: Mapping[str, Operation] = {
    "/createSignalingChannel": lambda it, body, _: it._create(_read(body, Create)),
    "/describeSignalingChannel": lambda it, body, _: it._describe(_read(body, Describe)),
    "/deleteSignalingChannel": lambda it, body, _: it._delete(_read(body, Delete)),
    "/getSignalingChannelEndpoint": lambda it, body, host: it._endpoint(
        _read(body, GetEndpoint), host
    ),
    "/v1/get-ice-server-config": lambda it, body, _: it._ice_servers(_read(body, GetIceServers)),
}
