"""What can be set about WebRTC. Each field is a setting: ``GATEWAY_`` and the field's name."""

import re
from typing import Annotated
from urllib.parse import unquote

from msgspec import Meta, Struct

_ICE_SERVER = re.compile(
    r"(?P<scheme>stun|turn|turns):"
    r"(?:(?P<username>[^:@?]+):(?P<password>[^:@?]+)@)?"
    r"(?P<host>[A-Za-z0-9._-]{1,253})"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?:\?transport=(?P<transport>udp|tcp))?"
)
_NOT_BUILT_YET = ("kvs:", "turn-rest:")
_DEFAULT_PORTS = {"stun": 3478, "turn": 3478, "turns": 5349}


class IceServer(Struct, frozen=True):
    """A STUN or TURN server, as browsers are told of it (RFC 7064, RFC 7065)."""

    scheme: str
    host: str
    port: int
    transport: str | None = None
    username: str | None = None
    credential: str | None = None

    @property
    def is_relay(self) -> bool:
        """Tell whether media can go through it."""
        return self.scheme != "stun"

    @property
    def url(self) -> str:
        """The URL without credentials."""
        query = f"?transport={self.transport}" if self.transport else ""
        return f"{self.scheme}:{self.host}:{self.port}{query}"


class WebRtcOptions(Struct, frozen=True, kw_only=True):
    """Settings of the WebRTC wire."""

    ice_servers: Annotated[
        tuple[str, ...],
        Meta(
            description="STUN and TURN servers, comma-separated: `stun:HOST:PORT`, "
            "`turn:USER:PASSWORD@HOST:PORT?transport=udp` (or `tcp`), `turns:USER:PASSWORD@…`; "
            "user and password percent-encoded. The gateway itself uses the first STUN and the "
            "first TURN server it can; clients are told of all"
        ),
    ] = ()
    loopback_candidates: Annotated[
        bool | None,
        Meta(
            description="offer 127.0.0.1 to WebRTC clients and take it from them; not set: only "
            "if the gateway listens on loopback"
        ),
    ] = None
    max_peers: Annotated[int, Meta(ge=1, description="WebRTC calls at once")] = 20
    connect_seconds: Annotated[
        float, Meta(gt=0, description="a WebRTC call has to be connected within so long")
    ] = 15.0
    vanished_seconds: Annotated[
        float,
        Meta(gt=0, description="a WebRTC client that sent nothing for so long counts as gone"),
    ] = 10.0
    max_channel_message_bytes: Annotated[
        int, Meta(ge=1024, le=262_144, description="largest message on the data channel")
    ] = 65_536

    def __post_init__(self) -> None:
        """Refuse servers that cannot be used at the start, not at the first call."""
        self.servers()

    def __repr__(self) -> str:
        """Credentials stay out of logs."""
        return f"WebRtcOptions(max_peers={self.max_peers}, …)"

    def servers(self) -> tuple[IceServer, ...]:
        """The servers, in the order they were set."""
        return tuple(parse_ice_server(text) for text in self.ice_servers)

    def allows_loopback(self, listens_on_loopback: bool) -> bool:
        """Tell whether 127.0.0.1 may carry media."""
        if self.loopback_candidates is None:
            return listens_on_loopback
        return self.loopback_candidates


def parse_ice_server(text: str) -> IceServer:
    """Read one server of the setting.

    Raises:
        ValueError: it cannot be used; the message says how to write it and holds no credentials.
    """
    if text.startswith(_NOT_BUILT_YET):
        kind = text.partition(":")[0]
        raise ValueError(f"GATEWAY_ICE_SERVERS: {kind}: servers are not built yet; use turn:")
    match = _ICE_SERVER.fullmatch(text)
    if match is None:
        raise ValueError(
            "GATEWAY_ICE_SERVERS: write stun:HOST:PORT or turn:USER:PASSWORD@HOST:PORT, "
            "with a host name or an IPv4 address, and user and password percent-encoded"
        )
    parts = match.groupdict()
    scheme = parts["scheme"]
    port = int(parts["port"] or _DEFAULT_PORTS[scheme])
    if not 0 < port <= 65_535:
        raise ValueError("GATEWAY_ICE_SERVERS: a port is between 1 and 65535")
    if scheme == "stun":
        if parts["username"] or parts["transport"]:
            raise ValueError("GATEWAY_ICE_SERVERS: stun: takes no credentials and no transport")
        return IceServer("stun", parts["host"], port)
    if not parts["username"]:
        raise ValueError(f"GATEWAY_ICE_SERVERS: {scheme}: needs USER:PASSWORD@ before its host")
    return IceServer(
        scheme,
        parts["host"],
        port,
        parts["transport"] or ("tcp" if scheme == "turns" else "udp"),
        unquote(parts["username"]),
        unquote(parts["password"]),
    )
